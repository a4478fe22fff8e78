"""How earlier forecasts of a limit ended: what was said beside what came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import numpy as np

from aiops.domain.forecast import Crossing
from aiops.domain.instant import to_ns
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel

_SLACK: Final = 1e-6
"""A value within a millionth of its limit has met it, as in the stage."""


@dataclass(frozen=True, slots=True)
class Record:
    """Forecasts whose horizon has passed.

    Attributes:
        ended: How many.
        expected: Sum of their probabilities: that many should have met the limit.
        met: How many did.
        brier: Mean squared gap between probability and outcome, None without any.
        inside: Of those that met it, how many between *early* and *late*.
    """

    ended: int = 0
    expected: float = 0.0
    met: int = 0
    brier: float | None = None
    inside: int = 0

    @classmethod
    def of(cls, crossings: Sequence[Crossing], seen: Panel, now: datetime) -> Self:
        """Holds the forecasts of one series beside its values.

        Forecasts that are not over at ``now``, or whose time lies outside the panel, do not count.

        Args:
            seen: One row.
        """
        begin, end = int(seen.times[0]), int(seen.times[-1]) + seen.step_ns
        end = min(end, to_ns(now))
        said, came, inside = [], [], 0
        for each in crossings:
            first, last = to_ns(each.origin), to_ns(each.origin + each.horizon)
            if each.probability is None or first < begin or last > end:
                continue
            at = _first_met(each, seen, first, last)
            said.append(each.probability)
            came.append(at is not None)
            if at is not None and each.early is not None and each.late is not None:
                inside += to_ns(each.early) < at + seen.step_ns and at <= to_ns(each.late)
        gap = np.array(said) - np.array(came, dtype=np.float64)
        return cls(
            len(said),
            float(sum(said)),
            sum(came),
            float(np.mean(gap**2)) if said else None,
            inside,
        )

    def __add__(self, other: "Record") -> "Record":
        """Joins the records of two series."""
        ended = self.ended + other.ended
        parts = [(r.ended, r.brier) for r in (self, other) if r.brier is not None]
        brier = sum(n * b for n, b in parts) / ended if parts else None
        return Record(
            ended,
            self.expected + other.expected,
            self.met + other.met,
            brier,
            self.inside + other.inside,
        )


def _first_met(crossing: Crossing, seen: Panel, first: int, last: int) -> int | None:
    """Returns the begin of the first cell at which the limit was met, or None."""
    sign = -1.0 if crossing.direction is Direction.DOWN else 1.0
    least = sign * crossing.limit - _SLACK * abs(crossing.limit)
    within = (seen.times + seen.step_ns > first) & (seen.times < last)
    over = np.flatnonzero(within & seen.usable[0] & (sign * seen.values[0] >= least))
    return int(seen.times[over[0]]) if len(over) else None
