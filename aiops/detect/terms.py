"""What a team, a group of assets or a metric is judged by: budget, effect, direction, gaps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from aiops.detect.settings import DetectSettings, MissingPolicy, OverrideSettings
from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Metric
from aiops.domain.selector import selects
from aiops.domain.series import FloatArray, SeriesInfo

_BAD: Final = {Direction.UP: 1, Direction.DOWN: -1, Direction.BOTH: 0}


class Gap(IntEnum):
    """:class:`~aiops.detect.settings.MissingPolicy` as a number in an array."""

    IGNORE = 0
    ALERT = 1
    ZERO = 2
    HOLD = 3


class Named(Protocol):
    """What is known of assets and metrics."""

    @property
    def version(self) -> int:
        """Changes with the inventory."""
        ...

    @property
    def assets(self) -> Mapping[str, Asset]:
        """By key."""
        ...

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """By name."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """By row of a panel.

    Attributes:
        budget: ``(n,)`` false alarms allowed per series and week.
        minimum_effect: ``(n,)`` part of the typical value below which a deviation opens nothing.
        bad: ``(n,)`` 1 where only more than usual is bad, -1 where only less is, 0 both.
        missing: ``(n,)`` :class:`Gap`: what a cell without a sample is.
    """

    budget: FloatArray
    minimum_effect: FloatArray
    bad: NDArray[np.int8]
    missing: NDArray[np.int8]

    @classmethod
    def same(cls, n: int, budget: float, minimum_effect: float = 0.0) -> Self:
        """Returns the terms of series that are all judged alike."""
        return cls(
            np.full(n, budget),
            np.full(n, minimum_effect),
            np.zeros(n, np.int8),
            np.zeros(n, np.int8),
        )

    @classmethod
    def of(cls, settings: DetectSettings, infos: Sequence[SeriesInfo], known: Named) -> Self:
        """Returns the terms of these series: those of the settings, then each override's."""
        terms = cls.same(len(infos), settings.budget, settings.minimum_effect)
        for row, info in enumerate(infos):
            metric = known.metrics.get(info.key.metric)
            terms.bad[row] = 0 if metric is None else _BAD[metric.bad_direction]
            asset = known.assets.get(info.key.asset)
            owner = "" if asset is None else asset.owner
            for each in _overrides(settings.overrides, info, owner):
                if each.budget is not None:
                    terms.budget[row] = each.budget
                if each.minimum_effect is not None:
                    terms.minimum_effect[row] = each.minimum_effect
                if each.missing is not None:
                    terms.missing[row] = _GAP[each.missing]
        return terms

    def too_small(self, values: FloatArray, expected: FloatArray) -> NDArray[np.bool_]:
        """Returns which cells are too near to what is usual to matter; ``(n, n_times)``."""
        return np.abs(values - expected) < self.minimum_effect[:, None] * np.abs(expected)

    def harmless(self, values: FloatArray, expected: FloatArray) -> NDArray[np.bool_]:
        """Returns which cells moved the way that is not bad; ``(n, n_times)``."""
        return (values - expected) * self.bad[:, None] < 0


@dataclass(slots=True)
class TermsBook:
    """Terms of the series of each step class, read anew when the inventory has changed."""

    settings: DetectSettings
    known: Named
    _kept: dict[int, tuple[tuple[int, int, int], Terms]] = field(default_factory=dict)

    def __call__(self, infos: Sequence[SeriesInfo]) -> Terms:
        """Returns the terms of all series of one step class, in the order of their ids."""
        if not infos:
            return Terms.same(0, self.settings.budget)
        mark = self.known.version, len(infos), infos[-1].id
        kept = self._kept.get(infos[0].step_ns)
        if kept is None or kept[0] != mark:
            kept = mark, Terms.of(self.settings, infos, self.known)
            self._kept[infos[0].step_ns] = kept
        return kept[1]


_GAP: Final = {
    MissingPolicy.IGNORE: Gap.IGNORE,
    MissingPolicy.ALERT: Gap.ALERT,
    MissingPolicy.ZERO: Gap.ZERO,
    MissingPolicy.HOLD: Gap.HOLD,
}


def _overrides(
    overrides: Iterable[OverrideSettings], info: SeriesInfo, owner: str
) -> Iterable[OverrideSettings]:
    return (
        each
        for each in overrides
        if selects(each.match, info.key.asset)
        and fnmatchcase(info.key.metric, each.metric)
        and each.team in ("", owner)
    )
