"""Features of the last rows of a unit: levels, slopes, and how far it is from its youth."""

from typing import Final

import numpy as np

from aiops.domain.series import FloatArray

SHARES: Final = (0.025, 0.1, 0.25)
"""Windows, as shares of the median life: short enough to be new, long enough to be calm."""


def window_lengths(median_rows: float) -> tuple[int, int, int]:
    """Returns the rows of the three windows.

    >>> window_lengths(200)
    (5, 20, 50)
    """
    short, middle, long = (int(np.clip(round(share * median_rows), 3, 2000)) for share in SHARES)
    return short, middle + (middle == short), long + 2 * (long == short)


def unit_features(
    values: FloatArray, time: FloatArray, windows: tuple[int, int, int], every: int = 1
) -> FloatArray:
    """Returns ``(n_rows, n_features)`` of one unit; each row sees only the rows up to it.

    Args:
        values: ``(n_rows, n_sensors)`` normalised, without holes.
        time: ``(n_rows,)``.
        every: Returns the last row and every so many before it.
    """
    count, sensors = values.shape
    zero = np.zeros((1, sensors))
    sums = np.vstack([zero, np.cumsum(values, axis=0)])
    place = np.arange(count, dtype=np.float64)
    moments = np.vstack([zero, np.cumsum(values * place[:, None], axis=0)])
    row = np.arange(count)[::-1][::every][::-1]
    short, middle, long = windows

    def mean(window: int) -> FloatArray:
        low = np.maximum(row + 1 - window, 0)
        return np.asarray((sums[row + 1] - sums[low]) / (row + 1 - low)[:, None])

    def slope(window: int) -> FloatArray:
        low = np.maximum(row + 1 - window, 0)
        number = (row + 1 - low).astype(np.float64)[:, None]
        total = sums[row + 1] - sums[low]
        moment = moments[row + 1] - moments[low]
        spread = number * (number * number - 1) / 12
        centred = moment - ((low + row) / 2)[:, None] * total
        return np.asarray(np.where(number > 2, centred / np.maximum(spread, 1e-9), 0.0))

    young = np.minimum(row, middle - 1)
    level = mean(middle)
    youth = sums[young + 1] / (young + 1)[:, None]
    age = (time[row] - time[0])[:, None]
    return np.hstack([mean(short), level, slope(middle), slope(long), level - youth, age])


def fill_holes(values: FloatArray, instead: FloatArray) -> FloatArray:
    """Carries the last reading of each sensor on; before the first stands ``instead``."""
    known = np.isfinite(values)
    if known.all():
        return values
    place = np.where(known, np.arange(len(values))[:, None], -1)
    place = np.maximum.accumulate(place, axis=0)
    carried = np.take_along_axis(values, np.maximum(place, 0), axis=0)
    return np.asarray(np.where(place >= 0, carried, instead))
