"""What a forecaster needs of a history before it may say anything: age, gaps, level, noise."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.abstention import Abstention
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray

_LARGEST: Final = 1e150


@dataclass(frozen=True, slots=True)
class History:
    """Histories without holes, and why some rows have none.

    Attributes:
        values: ``(n, n_times)``; holes are bridged by straight lines, what lies before the
            first sample repeats it.
        start: ``(n,)`` position of the first sample.
        reason: ``(n,)`` uint8 of :class:`Abstention`.
    """

    values: FloatArray
    start: IntArray
    reason: NDArray[np.uint8]

    @property
    def age(self) -> IntArray:
        """``(n,)`` cells from the first sample to the end."""
        return np.asarray(self.values.shape[1] - self.start, dtype=np.int64)


def read_history(panel: Panel, minimum: int, most_missing: float = 0.5) -> History:
    """Bridges the holes of a panel and says which rows are too short or too gappy.

    Args:
        minimum: Fewer good cells than this is a short history.
        most_missing: A larger share of holes since the first sample is a gappy history; so is
            an end that has been silent for a quarter of it.
    """
    # Squares of what is larger than this overflow; no metric is.
    usable = panel.usable & (np.abs(panel.values) < _LARGEST)
    n, width = usable.shape
    count = usable.sum(axis=1)
    start = np.where(count > 0, usable.argmax(axis=1), width - 1 if width else 0)
    last = np.where(count > 0, width - 1 - usable[:, ::-1].argmax(axis=1), 0)
    age = width - start
    reason = np.zeros(n, dtype=np.uint8)
    holes = (count < (1 - most_missing) * age) | (width - 1 - last > age // 4)
    values = np.where(usable, panel.values, np.nan)
    with np.errstate(invalid="ignore"):
        span = np.where(usable, values, -np.inf).max(axis=1, initial=-np.inf) - np.where(
            usable, values, np.inf
        ).min(axis=1, initial=np.inf)
    reason[span == 0] = Abstention.CONSTANT
    reason[holes] = Abstention.GAPPY_HISTORY
    reason[count < minimum] = Abstention.SHORT_HISTORY
    reason[count == 0] = Abstention.MISSING
    grid = np.arange(width)
    for row in np.flatnonzero((count > 0) & (count < width)):
        seen = usable[row]
        values[row] = np.interp(grid, grid[seen], values[row, seen])
    return History(values, start.astype(np.int64), reason)


def smooth_level(values: FloatArray, start: IntArray, half: IntArray) -> FloatArray:
    """Returns the local straight-line level of each cell, unbiased at the ends of a line.

    Args:
        values: ``(n, n_times)`` without holes.
        start: ``(n,)`` first real cell.
        half: ``(n,)`` half width of the window in cells.

    Source: local linear regression with a uniform kernel (Fan and Gijbels, 1996).
    """
    n, width = values.shape
    x = np.arange(width, dtype=np.float64) / max(width, 1)
    centre = values.mean(axis=1, keepdims=True)
    y = values - centre
    grid = np.arange(width)
    low = np.clip(grid - half[:, None], start[:, None], width)
    high = np.clip(grid + half[:, None] + 1, low + 1, width)

    def total(series: FloatArray) -> FloatArray:
        sums = np.zeros((len(series), width + 1))
        np.cumsum(series, axis=1, out=sums[:, 1:])
        sums = np.broadcast_to(sums, (n, width + 1))
        return np.asarray(
            np.take_along_axis(sums, high, axis=1)
            - np.take_along_axis(sums, np.minimum(low, width - 1), axis=1)
        )

    low = np.minimum(low, width - 1)
    count = (high - low).astype(np.float64)
    sum_x, sum_xx = total(x[None, :]), total((x * x)[None, :])
    sum_y, sum_xy = total(y), total(x * y)
    spread = sum_xx - sum_x * sum_x / count
    safe = spread > 1e-12
    slope = np.where(safe, (sum_xy - sum_x * sum_y / count) / np.where(safe, spread, 1.0), 0.0)
    level = sum_y / count + slope * (x - sum_x / count)
    return np.asarray(level + centre)
