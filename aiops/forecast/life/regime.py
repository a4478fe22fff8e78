"""Operating regimes: a few settings between which units are switched, whatever their health.

A sensor that reads 500 in one regime and 600 in another says nothing of wear until each
regime is brought to the same scale.

Source: regime-wise standardisation, usual for the six flight conditions of C-MAPSS
(Peel, 2008).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from aiops.domain.lives import Lives
from aiops.domain.series import FloatArray, IntArray

MOST_LEVELS: Final = 8
MOST_REGIMES: Final = 24
_GAP: Final = 0.04
"""Levels are at least this share of the range apart."""

_EXPLAINED: Final = 0.5

_APART: Final = 4.0
"""… and at least this many times farther apart than they are wide."""


@dataclass(frozen=True, slots=True)
class Regimes:
    """Centres of the regimes and the scale of each sensor in each of them.

    Attributes:
        columns: Positions of the sensors that tell the regime; none when there is one regime.
        width: ``(n_columns,)`` range of those sensors.
        centres: ``(n_regimes, n_columns)``.
        mean, spread: ``(n_regimes, n_sensors)``.
    """

    columns: IntArray
    width: FloatArray
    centres: FloatArray
    mean: FloatArray
    spread: FloatArray

    def normalise(self, values: FloatArray) -> FloatArray:
        """Returns values with mean 0 and deviation 1 in each regime."""
        regime = self.find(values)
        return np.asarray((values - self.mean[regime]) / self.spread[regime])

    def find(self, values: FloatArray) -> IntArray:
        """Returns the nearest regime of each row."""
        if not len(self.columns):
            return np.zeros(len(values), dtype=np.int64)
        at = values[:, self.columns] / self.width
        distance = ((at[:, None] - self.centres / self.width) ** 2).sum(axis=2)
        return np.asarray(np.nan_to_num(distance, nan=np.inf).argmin(axis=1))

    def arrays(self) -> dict[str, Any]:
        """Returns its arrays by name, to be stored."""
        return {f"regime_{name}": getattr(self, name) for name in self.__slots__}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Builds it from stored arrays."""
        return cls(*(arrays[f"regime_{name}"] for name in cls.__slots__))


def find_regimes(lives: Lives) -> Regimes:
    """Finds the regimes of a history; one if no sensor switches between clear levels."""
    values = lives.values
    unit = lives.unit_of_row
    regime = np.zeros(len(values), dtype=np.int64)
    told: list[int] = []
    tightness = [(_tightness(values[:, c], unit, lives), c) for c in range(values.shape[1])]
    # The sharpest first; one that only repeats what is known already is a sensor, not a setting.
    for apart, column in sorted(tightness, reverse=True):
        if apart < _APART:
            break
        finer = np.unique(regime * MOST_LEVELS + _levels(values[:, column]), return_inverse=True)[1]
        if finer.max() > regime.max():
            regime, told = finer, [*told, column]
    columns = np.array(told, dtype=np.int64)
    few = np.bincount(regime).min() < 10
    if few or regime.max() >= MOST_REGIMES or not _matters(values, regime, columns):
        columns = np.empty(0, dtype=np.int64)
    if not len(columns):
        regime = np.zeros(len(values), dtype=np.int64)
    count = int(regime.max()) + 1
    mean = np.stack([np.nanmean(values[regime == r], axis=0) for r in range(count)])
    spread = np.stack([np.nanstd(values[regime == r], axis=0) for r in range(count)])
    whole = np.nanstd(values, axis=0)
    spread = np.where(spread > 1e-9 * np.maximum(whole, 1e-300), spread, 1.0)
    return Regimes(
        columns, np.maximum(np.ptp(values[:, columns], axis=0), 1e-12), mean[:, columns], mean,
        spread,
    )  # fmt: skip


def _matters(values: FloatArray, regime: IntArray, columns: IntArray) -> bool:
    """Whether the regime explains most of what some other sensor does."""
    others = np.delete(values, columns, axis=1)
    if not others.shape[1]:
        return False
    means = np.stack(
        [np.nanmean(others[regime == r], axis=0) for r in range(int(regime.max()) + 1)]
    )
    total = np.nanvar(others, axis=0)
    within = np.nanmean((others - means[regime]) ** 2, axis=0)
    return bool((within < (1 - _EXPLAINED) * total).any())


def _levels(column: FloatArray) -> IntArray:
    """Numbers the levels of a column that are separated by clear gaps."""
    order = np.sort(column)
    width = order[-1] - order[0]
    gaps = np.flatnonzero(np.diff(order) > _GAP * width)
    edges = (order[gaps] + order[gaps + 1]) / 2
    return np.asarray(np.searchsorted(edges, column), dtype=np.int64)


def _tightness(column: FloatArray, unit: IntArray, lives: Lives) -> float:
    """Returns how many times farther apart than wide the levels are that a sensor jumps between.

    0 where it has no few levels, or does not come and go through the whole of most lives.
    """
    if not np.isfinite(column).all() or np.ptp(column) <= 0:
        return 0.0
    level = _levels(column)
    count = int(level.max()) + 1
    if not 2 <= count <= MOST_LEVELS:
        return 0.0
    changes = np.mean((np.diff(level) != 0) & (np.diff(unit) == 0))
    early, late = _shares(level, lives, count)
    # Wear moves a sensor from one level to another once; a regime comes and goes.
    if changes <= 0.02 or np.abs(early - late).max() >= 0.15:
        return 0.0
    inside = max(float(np.ptp(column[level == k])) for k in range(count))
    centres = np.sort([column[level == k].mean() for k in range(count)])
    return float(np.diff(centres).min()) / max(inside, 1e-9 * float(np.ptp(column)))


def _shares(level: IntArray, lives: Lives, count: int) -> tuple[FloatArray, FloatArray]:
    halves: list[FloatArray] = []
    for first in (True, False):
        total = np.zeros(count)
        for rows in lives.rows():
            middle = (rows.start + rows.stop) // 2
            part = level[rows.start : middle] if first else level[middle : rows.stop]
            total += np.bincount(part, minlength=count)
        halves.append(total / max(total.sum(), 1))
    return halves[0], halves[1]
