"""How often has the series risen that much? The chance of a crossing read off the past itself.

A limit is met within the horizon if the value climbs by the margin that is left. The share of
past moments from which it did is hard to beat where values come and go with the hour.
"""

from typing import Final

import numpy as np

from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray

_PRIOR: Final = 0.5
"""Half a moment of each kind is added (Jeffreys): a share is never 0 or 1."""

_REPEATS: Final = 0.1
"""Changes that correlate less than this with those a day before have no daily shape."""


def day_cells(panel: Panel) -> int:
    """Returns the cells of a day where the panel has a clock and spans three of them, else 0."""
    if panel.ordinal:
        return 0
    cells = round(86_400 / panel.step.total_seconds())
    exact = abs(cells * panel.step.total_seconds() - 86_400) < 60
    return cells if exact and cells >= 4 and len(panel.times) >= 3 * cells else 0


def repeats_daily(values: FloatArray, day: int) -> bool:
    """Whether one row's changes look like those of the day before."""
    if not day or len(values) < 3 * day:
        return False
    change = np.diff(values)
    now, before = change[day:], change[:-day]
    good = np.isfinite(now) & np.isfinite(before)
    if good.sum() < day or now[good].std() == 0 or before[good].std() == 0:
        return False
    return bool(np.corrcoef(now[good], before[good])[0, 1] > _REPEATS)


def rise_share(values: FloatArray, margin: float, horizon: int, day: int = 0) -> tuple[float, int]:
    """Returns the share of past moments after which the value rose by the margin, and their count.

    Args:
        values: One row, towards the limit is up; NaN where missing.
        day: Only moments at this row's hour of the day count; 0: all.

    >>> rise_share(np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]), 1.0, 2)
    (0.5833333333333334, 5)
    """
    count = len(values) - horizon
    if count < 1:
        return 0.5, 0
    padded = np.where(np.isfinite(values), values, -np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, horizon)[1:]
    high = windows.max(axis=1)[:count]
    begun = values[: len(high)]
    counts = np.isfinite(begun)
    if day:
        counts &= (len(values) - 1 - np.arange(len(high))) % day == 0
    moments = int(counts.sum())
    met = int((high[counts] - begun[counts] >= margin).sum())
    return (met + _PRIOR) / (moments + 2 * _PRIOR), moments
