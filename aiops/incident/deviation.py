"""How far a metric has left its own past: one before/after comparison per series.

The mean after the fault is compared with means over windows of the same length anywhere in the
past, so that a metric that often wanders is not blamed for wandering. A metric that stood still
cannot say more by moving than the number of times it was seen standing still.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from aiops.domain.series import FloatArray

SMALL: Final = 0.05
"""Relative change nobody acts upon: it is added to the spread. Counted from zero, or from the
ceiling where the metric usually stands at its ceiling (100 % available): one that is passed after
the fault was none."""
STUCK: Final = 0.8
"""Share of the past at one value above which a metric counts as standing still."""
SHORT: Final = 5
"""Rows below which a highest value is no ceiling."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One metric's change.

    Attributes:
        strength: ln(1 + spreads away from the past), 0 where nothing can be said.
        before, after: Means.
        spreads: Distance in units of the past's own spread.
        first: Position in the rows after of the first value outside the past, -1 for none.
    """

    strength: float
    before: float
    after: float
    spreads: float
    first: int


NOTHING: Final = Deviation(0.0, float("nan"), float("nan"), 0.0, -1)


def measure_deviation(before: FloatArray, after: FloatArray) -> Deviation:
    """Compares the rows after a fault with the rows before it; missing values are left out.

    >>> moved = measure_deviation(np.array([5.0, 6.0, 5.0, 6.0, 5.0, 6.0]), np.array([9.0, 9.0]))
    >>> round(moved.spreads, 1), moved.first
    (7.8, 0)
    """
    places = np.flatnonzero(np.isfinite(after))
    past, now = before[np.isfinite(before)], after[places]
    if len(past) < 2 or not len(now):
        return NOTHING
    width = min(len(now), max(1, len(past) // 3))
    means = np.convolve(past, np.ones(width) / width, "valid")
    usual = float(past.mean())
    middle = float(np.median(past))
    spread = max(float(means.var()), float(past.var()) / width)
    level = abs(usual)
    if len(past) >= SHORT and middle == past.max() >= now.max():
        level = abs(float(past.max()) - usual)
    scale = float(np.sqrt(spread + (SMALL * level) ** 2))
    distance = abs(float(now.mean()) - usual)
    tiny = 1e-9 * max(abs(usual), abs(float(now.mean())), 1e-9)
    spreads = 0.0 if distance <= tiny else distance / max(scale, tiny)
    if float(np.mean(past == middle)) > STUCK:
        spreads = min(spreads, -float(ndtri(0.5 / (len(past) + 1))))
    outside = np.flatnonzero((now > past.max()) | (now < past.min()))
    first = int(places[outside[0]]) if len(outside) else -1
    return Deviation(float(np.log1p(spreads)), usual, float(now.mean()), spreads, first)
