"""The screen's one pass over a row: what is known of it, and where it stands and leads.

One row after another, so that a row stays in the processor's cache: block means of four stretches,
the trend test on them, the steepest pace, the swings. Several times as fast as one array operation
after another over the whole fleet.

Source: trend test of Mann (1945) and Kendall (1975) on block means, which takes most of the
autocorrelation out (Hamed and Rao, 1998, discuss why it must be).
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.domain.series import FloatArray

BLOCKS: Final = 16
SHARES: Final = (1.0, 0.5, 0.25, 0.125)

COUNT, START, LAST, VALUE, HIGH, LOW, STRONGEST, STEEPEST, GROWTH, SWING = range(10)
"""Columns of what :func:`scan` tells of a row."""

_COMPILED: Final = njit(cache=True, nogil=True)


def _put_blocks(
    sums: FloatArray, counts: FloatArray, width: int, window: int, out: FloatArray
) -> None:
    """Puts the means of the last ``window`` cells and the blocks' centres; NaN where none is."""
    before = width - window
    for block in range(BLOCKS):
        after = width - window + int(np.rint((block + 1) / BLOCKS * window))
        number = counts[after] - counts[before]
        out[0, block] = (sums[after] - sums[before]) / number if number > 0 else np.nan
        out[1, block] = (after + before) / 2
        before = after


_blocks = _COMPILED(_put_blocks)


def _score(means: FloatArray) -> float:
    """Returns the normal score of the Mann-Kendall test, above 0 for a rise."""
    number, total = 0, 0.0
    for second in range(BLOCKS):
        if np.isnan(means[second]):
            continue
        number += 1
        for first in range(second):
            if means[second] > means[first]:
                total += 1.0
            elif means[second] < means[first]:
                total -= 1.0
    if number <= 3:
        return -np.inf
    variance = max(number * (number - 1) * (2 * number + 5) / 18, 1.0)
    return float((total - np.sign(total)) / np.sqrt(variance))


_kendall = _COMPILED(_score)


def _slope(means: FloatArray, centre: FloatArray) -> float:
    """Returns the least-squares slope of the block means, unit per cell."""
    number, middle = 0, 0.0
    for block in range(BLOCKS):
        if not np.isnan(means[block]):
            number += 1
            middle += centre[block]
    middle /= max(number, 1)
    across, along = 0.0, 0.0
    for block in range(BLOCKS):
        if not np.isnan(means[block]):
            x = centre[block] - middle
            across += x * x
            along += x * means[block]
    return along / across if across > 0 else 0.0


_pace = _COMPILED(_slope)


def _since_met(
    values: FloatArray, usable: NDArray[np.bool_], limit: float, sign: float, start: int
) -> int:
    """Returns for how many cells a row that met its limit before has been rising again.

    What is emptied each time it is full has no trend over many times, but one since the last.
    The whole history for a row that has not met its limit.
    """
    width = len(values)
    met = -1
    for cell in range(width - 1, start - 1, -1):
        if usable[cell] and values[cell] * sign >= limit * sign:
            met = cell
            break
    if met < 0:
        return max(width - start, 1)
    lowest, begun = np.inf, 0
    for cell in range(met + 1, width):
        if usable[cell] and values[cell] * sign < lowest:
            lowest, begun = values[cell] * sign, cell
    return max(width - begun, 1)


_rising_again = _COMPILED(_since_met)


def _highest_swing(
    values: FloatArray, usable: NDArray[np.bool_], means: FloatArray, sign: float, start: int
) -> float:
    """Returns how far the values have been above the mean of their block."""
    width, highest = len(values), 0.0
    for cell in range(start, width):
        block = min((cell - start) * BLOCKS // (width - start), BLOCKS - 1)
        if usable[cell] and not np.isnan(means[block]):
            highest = max(highest, values[cell] * sign - means[block])
    return highest


_swing = _COMPILED(_highest_swing)


def _told_of_row(
    values: FloatArray,
    usable: NDArray[np.bool_],
    limit: float,
    sign: float,
    sums: FloatArray,
    counts: FloatArray,
    blocks: FloatArray,
    told: FloatArray,
) -> None:
    width = len(values)
    start, last, high, low = width - 1, 0, -np.inf, np.inf
    sums[0] = counts[0] = 0.0
    for cell in range(width):
        sums[cell + 1], counts[cell + 1] = sums[cell], counts[cell]
        if usable[cell]:
            if counts[cell] == 0:
                start = cell
            last = cell
            high, low = max(high, values[cell]), min(low, values[cell])
            sums[cell + 1] += values[cell]
            counts[cell + 1] += 1.0
    told[COUNT], told[START], told[LAST] = counts[width], max(start, 0), last
    told[VALUE] = values[last] if counts[width] > 0 else np.nan
    told[HIGH], told[LOW] = high, low
    told[STRONGEST] = told[STEEPEST] = -np.inf
    age = width - start
    for k in range(len(SHARES) + 1):
        if k < len(SHARES):
            window = int(max(np.rint(age * SHARES[k]), min(age, BLOCKS)))
        else:
            window = _rising_again(values, usable, limit, sign, start)
        _blocks(sums, counts, width, window, blocks)
        blocks[0] *= sign
        pace = _pace(blocks[0], blocks[1])
        told[STRONGEST] = max(told[STRONGEST], _kendall(blocks[0]))
        told[STEEPEST] = max(told[STEEPEST], pace)
        if k == 2:
            told[GROWTH] = pace * sign
        if k == 0:
            told[SWING] = _swing(values, usable, blocks[0], sign, start)


_scan_row = _COMPILED(_told_of_row)


def _scan(
    values: FloatArray,
    usable: NDArray[np.bool_],
    limits: FloatArray,
    sign: FloatArray,
    told: FloatArray,
) -> None:
    width = values.shape[1]
    sums, counts = np.empty(width + 1), np.empty(width + 1)
    blocks = np.empty((2, BLOCKS))
    for row in range(len(values)):
        _scan_row(values[row], usable[row], limits[row], sign[row], sums, counts, blocks, told[row])


_run = _COMPILED(_scan)


def scan(
    values: FloatArray, usable: NDArray[np.bool_], limits: FloatArray, sign: FloatArray
) -> FloatArray:
    """Returns ``(10, n)``: the columns named above.

    Args:
        values: ``(n, n_times)``, and ``usable`` which of them are known.
        limits: ``(n,)`` NaN where there is none.
        sign: ``(n,)`` 1 where the limit is met from below, else -1.
    """
    told = np.zeros((len(values), 10))
    if values.shape[1]:
        _run(np.ascontiguousarray(values, dtype=np.float64), usable, limits, sign, told)
    return told.T
