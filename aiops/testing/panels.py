"""Builds panels and samples for tests, without a store."""

from datetime import timedelta

import numpy as np

from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray, Samples
from aiops.domain.step import MINUTE, SECOND

MONDAY = 1_767_571_200 * SECOND
"""2026-01-05 00:00 UTC, a Monday."""


def grid_times(n_times: int, start: int = MONDAY, step_ns: int = MINUTE) -> IntArray:
    """Returns ``(n_times,)`` starts of cells in ns."""
    return start + np.arange(n_times, dtype=np.int64) * step_ns


def panel_of(values: FloatArray, start: int = MONDAY, step_ns: int = MINUTE) -> Panel:
    """Builds a panel from ``(n_series, n_times)`` values; NaN is missing.

    >>> panel_of([[1.0, float("nan")]]).quality.tolist()
    [[0, 1]]
    """
    matrix = np.atleast_2d(np.asarray(values, np.float64))
    times = grid_times(matrix.shape[1], start, step_ns)
    return Panel.of(matrix, times, timedelta(microseconds=step_ns // 1000))


def daily_panel(
    n_series: int, n_times: int, *, seed: int = 0, step_ns: int = MINUTE, noise: float = 1.0
) -> Panel:
    """Builds a fleet with a daily season of amplitude 10 around 50, and Gaussian noise."""
    rng = np.random.default_rng(seed)
    times = grid_times(n_times, step_ns=step_ns)
    phase = 2 * np.pi * (times % (1440 * MINUTE)) / (1440 * MINUTE)
    values = 50 + 10 * np.sin(phase)[None, :] + rng.normal(0, noise, (n_series, n_times))
    return panel_of(values, step_ns=step_ns)


def samples_of(panel: Panel) -> Samples:
    """Returns one sample at the start of each cell that has a value, in order of time."""
    columns, rows = np.nonzero(np.isfinite(panel.values.T))
    return Samples(panel.series[rows], panel.times[columns], panel.values[rows, columns])
