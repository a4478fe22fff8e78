"""A cell as a point for the random trees: value, step and mean of the last eight, in a box.

The box is the running range of each coordinate; it forgets slowly what it has held.
"""

from typing import Any, Final

import numpy as np
from numba import njit

FEATURES: Final = 3
MEAN: Final = 8
BOX: Final = 2 * FEATURES


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def embed(value: float, recent: Any, now: int, point: Any) -> float:
    """Writes the point of a value and returns the value before it (itself at first).

    Args:
        recent: ``(MEAN,)`` ring of the last values; takes the new one.
        now: Values seen before.
        point: ``(FEATURES,)`` written.
    """
    before = recent[(now - 1) % MEAN] if now > 0 else value
    recent[now % MEAN] = value
    point[0], point[1] = value, value - before
    point[2] = np.mean(recent[: min(now + 1, MEAN)])
    return float(before)


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def widen(box: Any, point: Any, now: int) -> float:
    """Widens the box to hold the point; returns how far outside it was, in ranges.

    Args:
        box: ``(2, FEATURES)`` least and largest of each coordinate.
        now: Points seen before.
    """
    beyond = 0.0
    for k in range(FEATURES):
        if now == 0:
            box[0, k], box[1, k] = point[k], point[k]
        span = box[1, k] - box[0, k]
        if span > 0:
            beyond = max(beyond, max(box[0, k] - point[k], point[k] - box[1, k], 0.0) / span)
        fade = 1e-4 * span
        box[0, k] = min(box[0, k] + fade, point[k])
        box[1, k] = max(box[1, k] - fade, point[k])
    return beyond
