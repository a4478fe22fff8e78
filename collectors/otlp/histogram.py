"""Quantiles of what fell into the buckets between two points of a histogram."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(slots=True)
class Histograms:
    """Remembers the buckets of every cumulative histogram, so that only what is new counts."""

    _before: dict[object, tuple[int, int, tuple[int, ...]]] = field(default_factory=dict)

    def increase(
        self, key: object, start: int, time: int, counts: tuple[int, ...]
    ) -> tuple[int, ...] | None:
        """Returns what fell into each bucket since the last point; None when that is unknown."""
        before = self._before.get(key)
        if before is not None and time <= before[1]:
            return None
        self._before[key] = (start, time, counts)
        if before is None or before[0] != start or len(before[2]) != len(counts):
            return None
        grown = tuple(new - old for new, old in zip(counts, before[2], strict=True))
        return grown if min(grown, default=0) >= 0 else None

    def clear(self) -> None:
        """Forgets everything."""
        self._before.clear()


def is_sound(counts: Sequence[int], bounds: Sequence[float], count: int) -> bool:
    """Whether buckets, bounds and count belong together."""
    if not counts and not bounds:
        return True
    return (
        len(counts) == len(bounds) + 1
        and sum(counts) == count
        and all(math.isfinite(bound) for bound in bounds)
        and all(low < high for low, high in pairwise(bounds))
    )


def quantile(counts: Sequence[int], bounds: Sequence[float], level: float) -> float | None:
    """Returns a quantile, linear within its bucket; None without an observation.

    Source: Prometheus, ``histogram_quantile``: the lowest bucket begins at 0 when its bound is
    positive, the highest has no end and gives its lower bound.

    >>> quantile((0, 10, 0), (1.0, 2.0), 0.5)
    1.5
    """
    total = sum(counts)
    if not total or not bounds:
        return None
    rank, below = level * total, 0
    for place, count in enumerate(counts):
        if below + count >= rank and count:
            if place == len(bounds):
                return bounds[-1]
            high = bounds[place]
            low = bounds[place - 1] if place else min(0.0, high)
            return low + (high - low) * max(rank - below, 0) / count
        below += count
    return bounds[-1]
