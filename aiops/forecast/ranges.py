"""How far the range of a crossing's time must reach, learnt from the crossings that came.

A range is told as the 10 to 90 % quantiles of futures; where every future goes on as the past
did, it is too narrow (a battery that recovers while it rests meets its limit days later). So each
range of a likely crossing is remembered until its limit is met; then is known how many times its
later half the crossing was away. The factor that would have held nine in ten of them stretches the
ranges told from then on, never beyond the time that is spoken of.

Source: split conformal prediction with scores scaled by the band's own width (Lei, G'Sell,
Rinaldo, Tibshirani and Wasserman, 2018).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

import numpy as np

from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Crossing
from aiops.domain.instant import to_ns

RANGES: Final = "forecast ranges"
"""Name of the ledger's note."""

_LIKELY: Final = 0.5
"""Ranges of what is less likely are opened on by nobody."""

_HELD: Final = 0.9
"""The late end is the quantile that nine in ten crossings come before."""

_FEWEST: Final = 2
"""One crossing may have been an accident."""

_FEWEST_RANGES: Final = 10
"""Nine in ten of fewer are none at all."""

_MOST_WAITING: Final = 64
_MOST_SCORES: Final = 256

Waiting = tuple[int, int, int]
"""Likely time, late end, and up to when the forecast speaks; ns."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """What was told of crossings that have not come, and how those that came were missed.

    Attributes:
        waiting: By series: ranges told since its limit was met last.
        scores: By metric: how many later halves after the likely time the crossing came.
        crossings: By metric: how many crossings that was learnt from.
    """

    waiting: Mapping[str, tuple[Waiting, ...]] = field(default_factory=dict)
    scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    crossings: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, note: Mapping[str, Any]) -> Self:
        """Returns what :attr:`note` wrote."""
        return cls(
            {name: tuple(map(_waiting, told)) for name, told in note.get("waiting", {}).items()},
            {name: tuple(scores) for name, scores in note.get("scores", {}).items()},
            dict(note.get("crossings", {})),
        )

    @property
    def note(self) -> dict[str, Any]:
        """Plain values for the ledger."""
        return {"waiting": self.waiting, "scores": self.scores, "crossings": self.crossings}

    def after(self, told: Iterable[Crossing]) -> "Ranges":
        """Returns what is known after a round; the same object where it taught nothing.

        Args:
            told: As the forecaster told them, not stretched.
        """
        waiting, scores, crossings = dict(self.waiting), dict(self.scores), dict(self.crossings)
        for crossing in told:
            name, metric = crossing.series.text, crossing.series.metric
            if crossing.abstained is Abstention.ALREADY_OVER:
                came = _scores(waiting.pop(name, ()), crossing.origin)
                if came:
                    scores[metric] = (*scores.get(metric, ()), *came)[-_MOST_SCORES:]
                    crossings[metric] = crossings.get(metric, 0) + 1
            elif crossing.likely and crossing.late and (crossing.probability or 0.0) >= _LIKELY:
                until = crossing.origin + crossing.horizon
                new = to_ns(crossing.likely), to_ns(crossing.late), to_ns(until)
                waiting[name] = (*waiting.get(name, ()), new)[-_MOST_WAITING:]
        changed = waiting != self.waiting or scores != self.scores
        return Ranges(waiting, scores, crossings) if changed else self

    def factor(self, metric: str) -> float:
        """Returns how many times its later half a range of the metric must reach, at least 1."""
        scores = self.scores.get(metric, ())
        if self.crossings.get(metric, 0) < _FEWEST or len(scores) < _FEWEST_RANGES:
            return 1.0
        return max(1.0, float(np.quantile(scores, _HELD)))

    def stretch(self, told: Sequence[Crossing]) -> list[Crossing]:
        """Returns the crossings with ranges that reach as far as they must."""
        factors = {metric: self.factor(metric) for metric in self.scores}
        return [_stretched(each, factors.get(each.series.metric, 1.0)) for each in told]


def _stretched(crossing: Crossing, factor: float) -> Crossing:
    if factor <= 1.0 or crossing.likely is None or crossing.late is None:
        return crossing
    late = crossing.likely + (crossing.late - crossing.likely) * factor
    until = crossing.origin + crossing.horizon
    return replace(crossing, late=max(crossing.late, min(late, until)))


def _scores(waiting: Sequence[Waiting], at: datetime) -> list[float]:
    """Returns the scores of the forecasts that what they spoke of came to in time."""
    came = to_ns(at)
    return [
        (came - likely) / (late - likely)
        for likely, late, until in waiting
        if came <= until and late > likely
    ]


def _waiting(told: Sequence[int]) -> Waiting:
    likely, late, until = told
    return int(likely), int(late), int(until)
