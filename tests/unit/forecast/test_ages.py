"""Remaining life from ages and flags alone: with the living, with few failures, on disk."""

import numpy as np
import pandas as pd
import pytest

from aiops.cli.try_rul import _read_lives
from aiops.contracts.errors import InputError, NotEnoughHistory
from aiops.domain.lives import Lives
from aiops.forecast.life.ages import AgedLife, fit_ages, says_no_more_than_age
from aiops.forecast.life.model import fit_life, read_life, write_life


def fleet(count, seed=0, shape=2.5, scale=1000.0, cut=900.0):
    """Units of which those with a flag live half as long; older ones than ``cut`` still live."""
    draw = np.random.default_rng(seed)
    flags = (np.arange(count) % 2).astype(float)
    ages = scale * np.where(flags == 1, 0.5, 1.0) * draw.weibull(shape, count)
    return units(np.minimum(ages, cut), flags, ages > cut)


def units(ages, flags, censored):
    n = len(ages)
    return Lives(
        tuple(f"u{k}" for k in range(n)),
        np.arange(n + 1),
        np.asarray(ages, dtype=float),
        np.asarray(flags, dtype=float)[:, None],
        ("flagged",),
        np.asarray(censored, dtype=bool),
    )


def alive(ages, flags):
    return units(ages, flags, np.ones(len(ages)))


def test_a_flag_that_halves_lives_is_found_and_the_living_are_used():
    model = fit_ages(fleet(400))
    plain, flagged = model.predict(alive([0.0, 0.0], [0.0, 1.0]))
    assert flagged.p50 / plain.p50 == pytest.approx(0.5, abs=0.1)
    assert plain.p50 == pytest.approx(1000 * np.log(2) ** (1 / 2.5), rel=0.1)


def test_who_is_old_has_less_left_and_is_less_healthy():
    answers = fit_ages(fleet(100)).predict(alive([0.0, 300.0, 900.0], [0.0] * 3))
    assert [a.p50 for a in answers] == sorted((a.p50 for a in answers), reverse=True)
    assert [a.health for a in answers] == sorted((a.health for a in answers), reverse=True)
    assert all(0 <= a.p10 <= a.p50 <= a.p90 for a in answers)


def test_few_failures_give_wide_answers():
    def width(model):
        (answer,) = model.predict(alive([100.0], [0.0]))
        return answer.p90 / max(answer.p10, 1e-9)

    assert width(fit_ages(fleet(4, seed=3))) > width(fit_ages(fleet(400, seed=3)))


def test_all_failures_at_one_age_still_give_an_answer():
    model = fit_ages(units([500.0] * 3, [np.nan] * 3, [0] * 3))
    (answer,) = model.predict(alive([400.0], [np.nan]))
    assert 0 < answer.p50 < 500


def test_fewer_than_two_failures_teach_nothing():
    with pytest.raises(NotEnoughHistory, match="fewer than two"):
        fit_ages(units([10.0, 20.0], [0.0, 0.0], [False, True]))


def test_a_history_in_which_nothing_changes_within_a_unit_is_learnt_by_age_and_kept_on_disk():
    history = fleet(40)
    assert says_no_more_than_age(history)
    model = fit_life(history)
    assert isinstance(model, AgedLife)
    living = alive([100.0, 700.0], [1.0, 0.0])
    again = read_life(write_life(model), "m")
    assert list(again.predict(living)) == list(model.predict(living))


def test_a_missing_flag_is_named():
    nothing = Lives(("a",), np.array([0, 1]), np.ones(1), np.ones((1, 1)), ("x",), np.ones(1, bool))
    with pytest.raises(InputError, match="'flagged' is missing"):
        fit_ages(fleet(40)).predict(nothing)


def test_a_dated_history_counts_age_from_a_units_first_row():
    rows = [
        {"unit": f"u{k}", "time": f"2026-0{month}-0{day}T00:00:00Z", "flag": "1"}
        for k, month in enumerate((1, 3, 5))
        for day in (1, 3 + k)
    ]
    lives = _read_lives("h.csv", pd.DataFrame(rows[::-1]))
    assert lives.time[lives.cuts[1:] - 1].tolist() == [96.0, 72.0, 48.0]
    (new,) = fit_life(lives).predict(lives.take(np.array([0])))
    assert new.p50 < 1000
