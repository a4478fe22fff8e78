"""Which season lengths a panel may have."""

from datetime import timedelta
from typing import Final

import numpy as np

from aiops.domain.series import FloatArray

_DAY: Final = timedelta(days=1)
_CLEAR: Final = 0.3
"""A lag whose autocorrelation is below this is no season (as in Hyndman's ``findfrequency``)."""


def season_lengths(step: timedelta, cells: int) -> list[int]:
    """Returns the cells of a day and of a week, where two of them fit in the history.

    >>> season_lengths(timedelta(hours=1), 700)
    [24, 168]
    """
    lengths = []
    for span in (_DAY, 7 * _DAY):
        length = round(span / step) if step else 0
        if length >= 4 and 2 * length <= cells and abs(length * step - span) < span / 100:
            lengths.append(length)
    return lengths


def detect_season(values: FloatArray, longest: int) -> int:
    """Returns the lag of the clearest repetition common to the rows, or 0 where there is none.

    Args:
        values: ``(n, n_times)`` without holes.
        longest: Longest lag to look at; a third of the history is the most that makes sense.
    """
    width = values.shape[1]
    longest = min(longest, width // 3)
    if longest < 4:
        return 0
    change = np.diff(values, axis=1)
    change = change - change.mean(axis=1, keepdims=True)
    size = 1 << (2 * width - 1).bit_length()
    power = np.abs(np.fft.rfft(change, size, axis=1)) ** 2
    lags = np.fft.irfft(power, size, axis=1)[:, : longest + 1]
    scale = np.maximum(lags[:, :1], 1e-300)
    mean = np.median(lags / scale, axis=0)
    inner = mean[2:-1]
    peaks = np.flatnonzero((inner > mean[1:-2]) & (inner >= mean[3:]) & (inner > _CLEAR)) + 2
    return int(peaks[mean[peaks].argmax()]) if len(peaks) else 0
