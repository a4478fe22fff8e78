"""A model of lives is challenged as failures come in, and taken back when it errs."""

from dataclasses import dataclass

import numpy as np

from aiops.domain.forecast import Life
from aiops.domain.lives import Lives
from aiops.forecast.life.champion import Champion, cut, error_of, next_champion


def lives_of(*lengths):
    time = np.concatenate([np.arange(1.0, n + 1) for n in lengths])
    cuts = np.cumsum([0, *lengths]).astype(np.int64)
    names = tuple(f"unit-{k}" for k in range(len(lengths)))
    return Lives(names, cuts, time, time[:, None], ("age",), np.zeros(len(lengths), dtype=bool))


@dataclass
class Says:
    """A model that holds every life to be equally long."""

    length: float

    def predict(self, lives):
        ages = [lives.time[rows][-1] for rows in lives.rows()]
        left = [max(self.length - age, 0.0) for age in ages]
        return [Life(n, p, p, p, 0.5) for n, p in zip(lives.units, left, strict=True)]


def fit_mean(lives):
    return Says(float(np.mean([lives.time[rows][-1] for rows in lives.rows()])))


def test_the_first_model_is_fitted_to_all():
    champion = next_champion(None, lives_of(100, 120, 80, 100, 100), fit_mean)
    assert (champion.model.length, champion.learnt_from, champion.former) == (100, 5, None)


def test_a_challenger_that_tells_the_newest_lives_better_takes_over():
    champion = Champion(Says(100.0), 5, 5)
    lives = lives_of(100, 100, 100, 100, 100, 300, 300, 300)
    following = next_champion(champion, lives, lambda some: Says(float(some.time.max())))
    assert (following.model.length, following.learnt_from) == (300, 8)
    assert following.former is champion.model


def test_a_challenger_that_errs_more_is_not_taken_and_not_tried_at_every_failure():
    champion = Champion(Says(100.0), 5, 5)
    fitted = []

    def fit_badly(lives):
        fitted.append(len(lives))
        return Says(1000.0)

    stays = next_champion(champion, lives_of(*[100] * 7), fit_badly)
    assert stays.model is champion.model
    assert next_champion(stays, lives_of(*[100] * 8), fit_badly) is stays
    assert len(fitted) == 1


def test_what_errs_more_than_its_forerunner_on_lives_that_end_later_is_taken_back():
    former, late = Says(100.0), Says(400.0)
    held = Champion(late, 8, 11, former, 5)
    assert next_champion(held, lives_of(*[100] * 10), fit_mean) is held
    back = next_champion(held, lives_of(*[100] * 11), fit_mean)
    assert back.model is former
    assert back.former is None


def test_a_model_is_judged_at_half_and_three_quarters_of_a_life():
    lives = lives_of(100, 200)
    assert np.diff(cut(lives, 0.5).cuts).tolist() == [50, 100]
    assert error_of(Says(150.0), lives_of(100)) == 0.5
    assert error_of(Says(100.0), lives_of(100)) == 0.0
