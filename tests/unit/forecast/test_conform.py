from datetime import timedelta

import numpy as np

from aiops.domain.forecast import Forecast
from aiops.domain.panel import Panel
from aiops.forecast.conform import conform

LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
HALF = np.array([-1.6449, -0.6745, 0.0, 0.6745, 1.6449])
STEP = timedelta(hours=1)


def panel_of(values):
    return Panel.of(np.atleast_2d(values), np.arange(len(values)) * 3600 * 10**9, STEP)


def ask_with_spread(spread):
    """A forecaster that says zero, give or take a spread that it made up."""

    def ask(panel, horizon):
        told = np.broadcast_to(HALF * spread, (1, horizon, len(LEVELS))).copy()
        end = int(panel.times[-1]) + panel.step_ns
        no_reason = np.zeros(1, dtype=np.uint8)
        return Forecast(panel.series, end, STEP, LEVELS, told, no_reason, "zero", "zero/1")

    return ask


def noise(seed=1, cells=400):
    return np.random.default_rng(seed).normal(0, 1, cells)


def held(forecast, truth):
    low, high = forecast.quantiles[0, :, 0], forecast.quantiles[0, :, -1]
    return np.mean((truth >= low) & (truth <= high))


def test_bands_that_were_too_narrow_come_to_hold_what_they_promise():
    values = noise(cells=500)
    past, truth, ask = panel_of(values[:400]), values[400:], ask_with_spread(0.4)
    raw = ask(past, 100)
    assert held(raw, truth) < 0.6
    assert held(conform(raw, past, ask), truth) > 0.8


def test_bands_that_were_too_wide_are_drawn_in():
    past, ask = panel_of(noise()), ask_with_spread(3.0)
    raw = ask(past, 50)
    told = conform(raw, past, ask)
    assert (told.quantiles[0, :, -1] < raw.quantiles[0, :, -1]).all()


def test_coverage_tells_what_the_bands_held_at_origins_they_had_not_seen():
    past, ask = panel_of(noise()), ask_with_spread(1.0)
    widest, inner = conform(ask(past, 50), past, ask).coverage
    assert (widest.promised, inner.promised) == (0.9, 0.5)
    assert widest.cells == inner.cells > 100
    assert 0.8 < widest.held < 1
    assert 0.3 < inner.held < 0.7


def test_quantiles_stay_in_order_and_the_median_where_it_was():
    past, ask = panel_of(noise()), ask_with_spread(np.array([0.1, 5, 1, 5, 0.1]))
    raw = ask_with_spread(0.3)(past, 30)
    told = conform(raw, past, ask)
    assert (np.diff(told.quantiles[0], axis=1) >= 0).all()
    assert (told.quantiles[0, :, 2] == raw.quantiles[0, :, 2]).all()


def test_a_history_too_short_to_be_asked_of_leaves_the_bands_alone():
    past, ask = panel_of(noise(cells=25)), ask_with_spread(1.0)
    raw = ask(past, 10)
    told = conform(raw, past, ask)
    assert told is raw
    assert told.coverage == ()


def test_gaps_in_the_past_are_not_counted():
    values = noise()
    values[100:300:2] = np.nan
    past, ask = panel_of(values), ask_with_spread(1.0)
    widest = conform(ask(past, 50), past, ask).coverage[0]
    whole = conform(ask(panel_of(noise()), 50), panel_of(noise()), ask).coverage[0]
    assert 0 < widest.cells < whole.cells


def test_what_errs_by_day_alone_is_judged_by_days():
    """The forecaster is right at night and far off by day; it is asked at noon."""
    hour = np.arange(720) % 24
    values = np.where((hour >= 6) & (hour < 18), 1.0, 0.0) * noise(cells=720)
    past, ask = panel_of(values[:708]), ask_with_spread(0.1)
    raw = ask(past, 6)
    told = conform(raw, past, ask)
    assert held(raw, values[708:714]) < 0.5
    wide = told.quantiles[0, :, -1] - told.quantiles[0, :, 0]
    night = conform(ask(panel_of(values[:696]), 6), panel_of(values[:696]), ask)
    assert (wide > 3 * (night.quantiles[0, :, -1] - night.quantiles[0, :, 0])).all()
