"""Which kind of failure is on its way: the one whose earlier cases drifted the same way.

A unit's drift is how far each sensor has moved from its beginning, in the spread it has within
lives. A kind is the mean direction of the drifts that ended in it; a living unit is of the kind
that its own drift points to, if it points there clearly.

Source: nearest centroid by cosine (Rocchio, 1971).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from aiops.domain.lives import Lives
from aiops.domain.series import FloatArray

FEWEST: Final = 3
"""Fewer failures than this make no kind."""

_CLEAR: Final = 0.25
"""Cosine by which the best kind must beat the next."""

_END: Final = 5
"""Rows whose mean is the beginning, or the end, of a life."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of failure of one kind of asset.

    Attributes:
        names: Of the kinds.
        directions: ``(n_kinds, n_sensors)`` mean unit drift.
        spread: ``(n_sensors,)``.
    """

    names: tuple[str, ...]
    directions: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, lives: Lives, ended: Sequence[str]) -> Self:
        """Learns from lives that failed, and how each ended."""
        counts = Counter(ended)
        names = tuple(sorted(name for name, count in counts.items() if count >= FEWEST))
        spread = np.nanstd(lives.values, axis=0)
        spread = np.where(spread > 0, spread, np.inf)
        drifts = _unit(_drifts(lives, spread))
        of_kind = [[k for k, each in enumerate(ended) if each == name] for name in names]
        directions = [_unit(drifts[rows].mean(axis=0)[None])[0] for rows in of_kind]
        return cls(names, np.array(directions).reshape(len(names), len(spread)), spread)

    def tell(self, lives: Lives) -> list[str]:
        """Returns the kind that each unit is on its way to, empty where that is not clear."""
        if not self.names:
            return [""] * len(lives)
        likeness = _unit(_drifts(lives, self.spread)) @ self.directions.T
        best = likeness.argmax(axis=1)
        ordered = np.sort(likeness, axis=1)
        next_best = ordered[:, -2] if len(self.names) > 1 else np.zeros(len(lives))
        clear = ordered[:, -1] - np.maximum(next_best, 0.0) >= _CLEAR
        return [
            self.names[k] if sure else ""
            for k, sure in zip(best.tolist(), clear.tolist(), strict=True)
        ]


def _drifts(lives: Lives, spread: FloatArray) -> FloatArray:
    """Returns ``(n_units, n_sensors)``; 0 where a sensor was silent."""
    told = []
    for rows in lives.rows():
        own = lives.values[rows]
        span = max(1, min(_END, len(own) // 2))
        with np.errstate(invalid="ignore"):
            told.append((_mean(own[-span:]) - _mean(own[:span])) / spread)
    return np.nan_to_num(np.array(told).reshape(len(lives), -1))


def _mean(values: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _unit(vectors: FloatArray) -> FloatArray:
    size = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(size > 0, size, 1.0))
