"""When a fault began: the stretch of time in which most metrics are most unusual at once.

Each sample is measured from the middle of its own series in units of its usual spread, on a
logarithmic scale so that no single spike counts for many. The average over all series that were
sampled is scanned for the stretch that stands out most from the rest.

Source: scan statistics, Glaz, Naus, Wallenstein, 2001; summed over series as in Cho, Fryzlewicz,
"Multiple-change-point detection for high dimensional time series", 2015.
"""

from typing import Final

import numpy as np

from aiops.domain.series import FloatArray, IntArray

FEWEST: Final = 3
"""Samples of a series below which it has no say."""
SPIKE: Final = 10.0
"""Spreads above which one sample says no more."""
SMALL: Final = 0.05
"""Relative change nobody acts upon (as for deviations)."""
LONGEST: Final = 0.5
"""Share of the time line the fault may fill; what lasts longer is the normal state."""


def find_change(times: IntArray, series: IntArray, values: FloatArray) -> int:
    """Returns the first time of the most unusual stretch, never the first time of all.

    Args:
        times: ``(n,)`` of each sample.
        series: ``(n,)`` number of its series.
        values: ``(n,)`` finite.

    Raises:
        ValueError: There are fewer than two distinct times.
    """
    grid, place = np.unique(times, return_inverse=True)
    if len(grid) < 2:
        raise ValueError("a change needs samples at two times at least")
    strange = np.zeros(len(grid))
    count = np.zeros(len(grid))
    order = np.lexsort((times, series))
    for rows in np.split(order, np.flatnonzero(np.diff(series[order])) + 1):
        if len(rows) < FEWEST:
            continue
        away = _distance(values[rows])
        strange += np.bincount(place[rows], np.log1p(np.minimum(away, SPIKE)), len(grid))
        count += np.bincount(place[rows], minlength=len(grid))
    level = np.divide(strange, count, out=np.zeros(len(grid)), where=count > 0)
    return int(grid[_stretch(level)])


def _distance(values: FloatArray) -> FloatArray:
    """Returns how many usual spreads each value lies from the middle."""
    middle = float(np.median(values))
    low, high = np.quantile(values, [0.25, 0.75])
    # 1.349 quartile ranges are one standard deviation of the normal law.
    scale = float(np.hypot((high - low) / 1.349, SMALL * abs(middle)))
    away: FloatArray = np.abs(values - middle)
    floor = 1e-9 * max(float(np.abs(values).max()), 1e-300)
    return away / max(scale, floor)


def _stretch(level: FloatArray) -> int:
    """Returns where the stretch starts whose excess per root of its length is largest."""
    n = len(level)
    total = np.concatenate([[0.0], np.cumsum(level - np.median(level))])
    best, start = -np.inf, 1
    length = 1
    while length <= max(int(n * LONGEST), 1):
        first = np.arange(1, n - length + 1)
        excess = (total[first + length] - total[first]) / np.sqrt(length)
        at = int(np.argmax(excess))
        if excess[at] > best:
            best, start = float(excess[at]), int(first[at])
        length += max(length // 4, 1)
    return start
