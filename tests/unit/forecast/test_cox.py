"""Remaining life where no law fits: a hazard read off the failures, beside a Weibull model."""

import numpy as np
import pytest

from aiops.contracts.errors import InputError
from aiops.domain.lives import Lives
from aiops.forecast.life.ages import AgedLife, fit_ages
from aiops.forecast.life.cox import FEWEST, CoxLife, fit_ages_or_hazard, fit_cox
from aiops.forecast.life.model import fit_life, read_life, write_life
from tests.unit.forecast.test_ages import alive, fleet, units


def two_humps(count, seed=0):
    """Two in five die young, the others wear out near 900; a flag makes both a fifth shorter."""
    draw = np.random.default_rng(seed)
    flags = (np.arange(count) % 2).astype(float)
    young = draw.random(count) < 0.4
    ages = np.where(young, draw.exponential(60, count), 900 + 80 * draw.standard_normal(count))
    ages = np.maximum(ages, 1.0) * np.where(flags == 1, 0.8, 1.0)
    return units(np.minimum(ages, 1000.0), flags, ages > 1000)


def test_lives_of_two_humps_are_told_by_their_own_hazard():
    model = fit_ages_or_hazard(two_humps(400))
    assert isinstance(model, CoxLife)
    (worn,) = model.predict(alive([300.0], [0.0]))
    assert worn.p10 > 350, "who has outlived its youth wears out, and not before"
    assert worn.p10 <= worn.p50 <= worn.p90 < 800
    (law,) = fit_ages(two_humps(400)).predict(alive([300.0], [0.0]))
    assert law.p90 > 1200, "no Weibull law has two humps"


def test_lives_that_follow_the_law_keep_the_law():
    assert isinstance(fit_ages_or_hazard(fleet(400)), AgedLife)


def test_few_failures_keep_the_law_whatever_their_shape():
    few = two_humps(FEWEST)
    assert (~few.censored).sum() < FEWEST
    assert isinstance(fit_ages_or_hazard(few), AgedLife)


def test_beyond_the_oldest_failure_the_hazard_goes_on_as_the_law_has_it():
    lives = two_humps(400)
    model = fit_cox(lives, fit_ages(lives))
    oldest = float(model.ages[-1])
    told = model.predict(alive([oldest, 1.5 * oldest, 4 * oldest], [0.0] * 3))
    assert all(np.isfinite([t.p10, t.p50, t.p90]).all() and 0 < t.p10 <= t.p90 for t in told)
    hazard = model.gathered(np.array([0.5, 1.0, 2.0]) * oldest)
    assert (np.diff(hazard) > 0).all()
    assert hazard[2] / hazard[1] == pytest.approx(2**model.shape)


def test_units_of_one_age_are_at_risk_together():
    ages = np.repeat([10.0, 20.0, 30.0, 40.0], 15)
    lives = units(ages, np.zeros(60), np.zeros(60))
    model = fit_cox(lives, fit_ages(lives))
    assert model.hazard == pytest.approx(np.cumsum([15 / 60, 15 / 45, 15 / 30, 1.0]))


def test_it_is_kept_on_disk_and_reads_the_same():
    model = fit_life(two_humps(400))
    assert isinstance(model, CoxLife)
    living = alive([100.0, 700.0], [1.0, 0.0])
    again = read_life(write_life(model), "m")
    assert list(again.predict(living)) == list(model.predict(living))
    nothing = Lives(("a",), np.array([0, 1]), np.ones(1), np.ones((1, 1)), ("x",), np.ones(1, bool))
    with pytest.raises(InputError, match="'flagged' is missing"):
        again.predict(nothing)
