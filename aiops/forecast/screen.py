"""The cheap first pass over a whole fleet: which rows may come near their limit at all."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.abstention import Abstention
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.forecast.limits import is_met

BLOCKS: Final = 16
SHARES: Final = (1.0, 0.5, 0.25, 0.125)
SIGNIFICANT: Final = 1.96
"""Two-sided 5 % point of the normal law: below it a rise may be chance (Mann, 1945)."""

_PACE_MARGIN: Final = 3.0
"""The fastest pace of the past, three times: what is still given to the path simulation."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What the first pass says of each row.

    Attributes:
        reason: ``(n,)`` uint8 of :class:`Abstention`; 0 where an answer is due.
        near: ``(n,)`` whether the limit is within reach, so that paths are worth their cost.
        age: ``(n,)`` cells since the first sample.
        value: ``(n,)`` last good value.
        growth: ``(n,)`` pace of the last quarter of the history, unit per cell.
    """

    reason: NDArray[np.uint8]
    near: NDArray[np.bool_]
    age: IntArray
    value: FloatArray
    growth: FloatArray


def screen(
    panel: Panel, limits: FloatArray, up: NDArray[np.bool_], horizon: int, minimum: int = 24
) -> Screen:
    """Looks at every row once.

    Args:
        limits: ``(n,)`` NaN where there is none.
        up: ``(n,)`` whether the limit is met from below.
        horizon: Cells ahead.
        minimum: Fewer good cells are too short a history.

    Source: trend test of Mann (1945) and Kendall (1975) on block means, which takes most of
    the autocorrelation out (Hamed and Rao, 1998, discuss why it must be).
    """
    usable = panel.usable
    n, width = usable.shape
    sign = np.where(up, 1.0, -1.0)
    count = usable.sum(axis=1)
    seen = count > 0
    start = np.where(seen, usable.argmax(axis=1), max(width - 1, 0)).astype(np.int64)
    last = np.where(seen, width - 1 - usable[:, ::-1].argmax(axis=1), 0)
    age = width - start
    value = np.where(seen, panel.values[np.arange(n), last], np.nan)
    filled = np.where(usable, panel.values, 0.0)
    sums, counts = _running(filled), _running(usable.astype(np.float64))
    steepest = np.full(n, -np.inf)
    strongest = np.full(n, -np.inf)
    growth = np.zeros(n)
    swing = np.zeros(n)
    for share in SHARES:
        window = np.maximum(np.round(age * share), np.minimum(age, BLOCKS)).astype(np.int64)
        means, centre = _block_means(sums, counts, width, window)
        means *= sign[:, None]
        strongest = np.maximum(strongest, _kendall(means))
        pace = _pace(means, centre)
        steepest = np.maximum(steepest, pace)
        if share == 0.25:
            growth = pace * sign
        if share == 1.0:
            swing = _swing(panel.values * sign[:, None], usable, means, start, window)
    again = _again(filled, usable, limits, sign, start)
    means, centre = _block_means(sums, counts, width, again)
    means *= sign[:, None]
    strongest = np.maximum(strongest, _kendall(means))
    steepest = np.maximum(steepest, _pace(means, centre))
    ahead = np.minimum(horizon, age)
    margin = (limits - value) * sign
    reach = np.maximum(steepest, 0.0) * _PACE_MARGIN * ahead + swing
    reason = np.zeros(n, dtype=np.uint8)
    reason[strongest < SIGNIFICANT] = Abstention.NO_TREND
    reason[is_met(value, limits, sign > 0)] = Abstention.ALREADY_OVER
    high = np.where(usable, panel.values, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(usable, panel.values, np.inf).min(axis=1, initial=np.inf)
    reason[(high <= low) & (margin > 0)] = Abstention.CONSTANT
    reason[(count < 0.5 * age) | (width - 1 - last > age // 4)] = Abstention.GAPPY_HISTORY
    reason[count < minimum] = Abstention.SHORT_HISTORY
    reason[~seen] = Abstention.MISSING
    reason[~np.isfinite(limits)] = Abstention.NO_LIMIT
    near = (reason == Abstention.NONE) & (reach >= margin)
    return Screen(reason, near, age.astype(np.int64), value, growth)


def _again(
    filled: FloatArray,
    usable: NDArray[np.bool_],
    limits: FloatArray,
    sign: FloatArray,
    start: IntArray,
) -> IntArray:
    """Returns for how many cells a row that met its limit before has been rising again.

    What is emptied each time it is full has no trend over many times, but one since the last.
    The whole history for a row that has not met its limit.
    """
    width = filled.shape[1]
    cells = np.arange(width)
    turned = filled * sign[:, None]
    met = usable & (turned >= (limits * sign)[:, None])
    last = np.where(met.any(axis=1), width - 1 - met[:, ::-1].argmax(axis=1), start - 1)
    after = usable & (cells > last[:, None])
    lowest = np.where(after, turned, np.inf).argmin(axis=1)
    begun = np.where(met.any(axis=1), lowest, start)
    return np.asarray(np.maximum(width - begun, 1), dtype=np.int64)


def _running(cells: FloatArray) -> FloatArray:
    sums = np.zeros((len(cells), cells.shape[1] + 1))
    np.cumsum(cells, axis=1, out=sums[:, 1:])
    return sums


def _block_means(
    sums: FloatArray, counts: FloatArray, width: int, window: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Returns ``(n, BLOCKS)`` means of the last ``window`` cells and the blocks' centres."""
    cut = (
        width
        - window[:, None]
        + np.round(np.linspace(0, 1, BLOCKS + 1) * window[:, None]).astype(np.int64)
    )
    total = np.diff(np.take_along_axis(sums, cut, axis=1), axis=1)
    number = np.diff(np.take_along_axis(counts, cut, axis=1), axis=1)
    means = np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)
    return means, (cut[:, 1:] + cut[:, :-1]) / 2


def _kendall(means: FloatArray) -> FloatArray:
    """Returns the normal score of the Mann-Kendall test, above 0 for a rise."""
    first, second = np.triu_indices(BLOCKS, 1)
    difference = means[:, second] - means[:, first]
    total = np.nansum(np.sign(difference), axis=1)
    number = np.isfinite(means).sum(axis=1)
    variance = number * (number - 1) * (2 * number + 5) / 18
    score = (total - np.sign(total)) / np.sqrt(np.maximum(variance, 1))
    return np.asarray(np.where(number > 3, score, -np.inf))


def _pace(means: FloatArray, centre: FloatArray) -> FloatArray:
    """Returns the least-squares slope of the block means, unit per cell."""
    good = np.isfinite(means)
    number = np.maximum(good.sum(axis=1, keepdims=True), 1)
    x = np.where(good, centre, 0.0)
    y = np.where(good, means, 0.0)
    x = np.where(good, x - x.sum(axis=1, keepdims=True) / number, 0.0)
    spread = (x * x).sum(axis=1)
    return np.asarray(
        np.divide((x * y).sum(axis=1), spread, out=np.zeros(len(y)), where=spread > 0)
    )


def _swing(
    values: FloatArray,
    usable: NDArray[np.bool_],
    means: FloatArray,
    start: IntArray,
    window: IntArray,
) -> FloatArray:
    """Returns how far the values have been above the mean of their block."""
    width = values.shape[1]
    place = (np.arange(width) - start[:, None]) * BLOCKS // np.maximum(window[:, None], 1)
    around = np.take_along_axis(means, np.clip(place, 0, BLOCKS - 1), axis=1)
    above = np.where(usable & np.isfinite(around), values - around, 0.0)
    return np.asarray(above.max(axis=1, initial=0.0))
