"""A wave is no trend: what rises and falls back at regular times, never to the limit.

A nightly restart empties a leak, an office fills a CPU by day. Each rise looks like a trend
towards the limit. Where a series has come back by itself at regular times, the share of its
rises that met the limit bounds the chance that this one does; rises that turned back lower than
this one stands already are no longer among its likes.
"""

from typing import Final

import numpy as np

from aiops.domain.series import FloatArray

_FEWEST: Final = 3
"""Two equal distances between three peaks are the least that is regular."""

_IRREGULAR: Final = 0.25
"""Spread of the distances over their mean: what people tidy up comes at odd times."""

_SWING: Final = 0.5
"""A fall by half of the range ends a rise; smaller ones are noise or teeth of a saw."""


def bound_by_waves(values: FloatArray, limit: float, *, up: bool) -> float:
    """Returns the most that a crossing's probability may be, 1 where there is no wave.

    A rise above every peak that turned back has nothing to hold it and is not bounded, nor are
    peaks that climb. The share is that of Laplace's rule of succession.

    Args:
        values: ``(n_times,)`` one row's history, NaN where nothing is known.

    >>> day = np.r_[np.linspace(0.3, 0.8, 24), 0.3]
    >>> round(bound_by_waves(np.tile(day, 5), 0.95, up=True), 2)
    0.14
    >>> bound_by_waves(np.linspace(0, 0.8, 100), 0.95, up=True)
    1.0
    >>> full = np.r_[np.linspace(0.3, 0.95, 24), 0.3]
    >>> bound_by_waves(np.r_[np.tile(full, 3), day, np.linspace(0.3, 0.9, 20)], 0.95, up=True)
    1.0
    """
    known = np.flatnonzero(np.isfinite(values))
    sign = 1.0 if up else -1.0
    heights = sign * values[known]
    if len(heights) < 2 * _FEWEST:
        return 1.0
    swing = _SWING * float(heights.max() - heights.min())
    peaks = _find_peaks(heights, swing) if swing > 0 else []
    if len(peaks) < _FEWEST:
        return 1.0
    tops = heights[peaks]
    apart = np.diff(known[peaks]).astype(np.float64)
    regular = float(apart.std()) <= _IRREGULAR * float(apart.mean())
    climbs = float(tops[-1] - tops[0]) > swing / 2
    met = tops >= sign * limit
    turned = int((~met & (tops >= heights[-1])).sum())
    if climbs or not turned or not regular:
        return 1.0
    return (int(met.sum()) + 1) / (int(met.sum()) + turned + 2)


def _find_peaks(heights: FloatArray, swing: float) -> list[int]:
    """Returns the positions of highs that were followed by a fall of at least the swing."""
    peaks: list[int] = []
    high = low = 0
    rising = True
    for place, height in enumerate(heights.tolist()):
        if rising:
            if height > heights[high]:
                high = place
            elif heights[high] - height >= swing:
                peaks.append(high)
                rising, low = False, place
        elif height < heights[low]:
            low = place
        elif height - heights[low] >= swing:
            rising, high = True, place
    return peaks
