"""A rise without precedent: what fills in an hour after weeks of calm.

A history of weeks is read at coarse cells, in which a sudden rise is a single step. The last
few hundred fine cells show it as the trend that it is; but there every morning looks like a
trend too. So they count only where the value has risen farther in them than it ever did in as
much time before.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d

from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray

COARSER: Final = 4
"""A history this many times coarser than the series hides what is sudden."""

_FARTHER: Final = 1.25
"""A rise must beat the greatest of the past by a quarter to have no precedent."""

_TIMES: Final = 3
"""The past must span this many times the recent window, or nothing is a precedent."""


def find_runaways(recent: Panel, past: Panel, up: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns the rows whose recent rise towards their limit has no precedent.

    Args:
        recent: Fine cells up to now.
        past: The same rows in coarse cells.
        up: ``(n,)`` whether the limit is met from below.
    """
    span = len(recent.times) * recent.step_ns
    window = max(1, -(-span // past.step_ns))
    if past.values.shape[1] < _TIMES * window or not recent.values.shape[1]:
        return np.zeros(len(up), dtype=bool)
    sign = np.where(up, 1.0, -1.0)[:, None]
    now = _rise(sign * np.where(recent.usable, recent.values, np.nan))
    before = past.times < int(recent.times[0])
    old = sign * np.where(past.usable, past.values, np.nan)[:, before]
    greatest = _greatest_rise(old, window)
    known = np.isfinite(old).sum(axis=1) >= _TIMES * window / 2
    return np.asarray(known & (now > _FARTHER * greatest) & (now > 0))


def _rise(values: FloatArray) -> FloatArray:
    """Returns how far the last value stands above the lowest."""
    good = np.isfinite(values)
    last = values.shape[1] - 1 - good[:, ::-1].argmax(axis=1)
    lowest = np.where(good, values, np.inf).min(axis=1)
    at = values[np.arange(len(values)), last]
    return np.asarray(np.where(good.any(axis=1), at - lowest, 0.0))


def _greatest_rise(values: FloatArray, window: int) -> FloatArray:
    """Returns the greatest rise within any stretch of the window's length."""
    if not values.shape[1]:
        return np.full(len(values), np.inf)
    floor = np.where(np.isfinite(values), values, np.inf)
    # The filter is centred; the origin shifts it to end at each cell.
    lowest = minimum_filter1d(floor, window + 1, axis=1, mode="nearest", origin=window // 2)
    rises = np.where(np.isfinite(values), values, -np.inf) - lowest
    return np.asarray(np.where(np.isfinite(rises), rises, 0.0).max(axis=1))
