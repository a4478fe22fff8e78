from datetime import timedelta

import numpy as np
import pytest

from aiops.domain.panel import Panel
from aiops.forecast.runaway import _greatest_rise, find_runaways

MINUTE = 60 * 10**9


def panels(fine):
    """The last 512 minutes, and all of it in half hours."""
    n = fine.shape[1] // 30 * 30
    fine = fine[:, -n:]
    times = np.arange(n) * MINUTE
    recent = Panel.of(fine[:, -512:], times[-512:], timedelta(minutes=1))
    past = Panel.of(fine[:, 29::30], times[::30], timedelta(minutes=30))
    return recent, past


@pytest.mark.parametrize("window", [1, 2, 5, 8])
def test_the_greatest_rise_is_that_of_all_pairs(window):
    values = np.cumsum(np.random.default_rng(2).normal(0, 1, (4, 60)), axis=1)
    values[1, 5:20] = np.nan
    told = _greatest_rise(values, window)
    for row in range(4):
        best = 0.0
        for later in range(60):
            for earlier in range(max(0, later - window), later + 1):
                rise = values[row, later] - values[row, earlier]
                best = max(best, rise) if np.isfinite(rise) else best
        assert told[row] == pytest.approx(best)


def test_a_sudden_fill_is_a_runaway_and_a_morning_is_not():
    minutes = np.arange(14 * 1440)
    day = 0.3 + 0.1 * np.sin(2 * np.pi * minutes / 1440 - 1.0)
    noise = np.random.default_rng(0).normal(0, 0.005, (3, len(minutes)))
    fill, morning, drain = day + noise
    fill[-60:] += np.linspace(0, 0.5, 60)
    drain[-60:] -= np.linspace(0, 0.5, 60)
    recent, past = panels(np.stack([fill, morning, drain, drain]))
    up = np.array([True, True, True, False])
    assert find_runaways(recent, past, up).tolist() == [True, False, False, True]


def test_without_enough_past_nothing_has_a_precedent_to_beat():
    recent, past = panels(np.linspace(0, 1, 600)[None, :])
    assert not find_runaways(recent, past, np.array([True])).any()
