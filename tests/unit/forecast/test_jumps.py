"""A lone jump is no trend; stairs, slopes and what goes on are."""

import numpy as np

from aiops.forecast.jumps import bound_by_jump

RNG = np.random.default_rng(1)
CALM = 0.3 + 0.01 * RNG.standard_normal(80)


def test_a_lone_jump_is_worth_one_event_in_the_whole_history():
    high = 0.8 + 0.01 * RNG.standard_normal(20)
    assert bound_by_jump(np.r_[CALM, high], 50, up=True) == 1 / 3
    assert bound_by_jump(-np.r_[CALM, high], 50, up=False) == 1 / 3


def test_holes_do_not_hide_it():
    values = np.r_[CALM, 0.8 + 0.01 * RNG.standard_normal(20)]
    values[5::7] = np.nan
    assert bound_by_jump(values, 50, up=True) < 0.5


def test_what_goes_on_after_the_jump_is_not_bound():
    on = 0.5 + np.linspace(0, 0.3, 20)
    assert bound_by_jump(np.r_[CALM, on], 50, up=True) == 1.0


def test_stairs_are_growth():
    stairs = np.repeat(np.linspace(0.1, 0.8, 8), 12) + 0.001 * RNG.standard_normal(96)
    assert bound_by_jump(stairs, 50, up=True) == 1.0


def test_a_slope_is_a_trend():
    assert bound_by_jump(np.linspace(0.1, 0.9, 100), 50, up=True) == 1.0


def test_a_calm_that_is_too_short_shows_no_lone_jump():
    high = 0.8 + 0.01 * RNG.standard_normal(60)
    assert bound_by_jump(np.r_[CALM, high], 50, up=True) == 1.0
    assert bound_by_jump(CALM[:5], 50, up=True) == 1.0


def test_what_moved_while_nothing_was_seen_need_not_have_jumped():
    high = 0.8 + 0.01 * RNG.standard_normal(20)
    assert bound_by_jump(np.r_[CALM, np.full(9, np.nan), high], 50, up=True) == 1.0
