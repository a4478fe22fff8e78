"""The ladder: how far a method may go for a kind of metric and a team, by measured precision.

It goes up one rung when its precision is proven and its false alarms fit the team's budget,
and down one when they do not. Every rung is earned anew: only what opened since the last move
counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from aiops.domain.incident import Incident, Stage
from aiops.learn.figure import share
from aiops.learn.verdict import method_of, was_right, weighed

_RUNGS: Final = (Stage.SHADOW, Stage.SUGGEST, Stage.ACT)
_WEEK: Final = timedelta(days=7)


class Why(StrEnum):
    """Named reasons of a proposal."""

    TOO_FEW_CASES = "too_few_cases"
    PRECISION_PROVEN = "precision_proven"
    PRECISION_NOT_PROVEN = "precision_not_proven"
    PRECISION_TOO_LOW = "precision_too_low"
    OVER_BUDGET = "over_budget"
    AT_THE_TOP = "at_the_top"


@dataclass(frozen=True, slots=True)
class LadderRules:
    """What must be proven.

    Attributes:
        per_week: False incidents a week that are accepted (the budget).
        suggest, act: Lower 95 % bound of the precision that each rung asks for.
        cases: Judged predictions before anything is proposed.
    """

    per_week: float = 2.0
    suggest: float = 0.5
    act: float = 0.7
    cases: int = 20


Place = tuple[str, str, str]
"""Method, kind of metric, team."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Where a method stands, and since when."""

    stage: Stage
    since: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where a method should stand for a metric.

    Attributes:
        precision, low, high: With its 95 % interval.
        metric_kind: First two words of the metrics' names, see :func:`metric_kind`.
        team: Owner of the assets.
        metrics: Names that were predicted.
        bar: The least ``open_probability`` at which the past false alarms fit the budget; None
            when none does.
    """

    method: str
    metric_kind: str
    team: str
    stage: Stage
    proposed: Stage
    why: Why
    cases: int
    precision: float | None
    low: float
    high: float
    false_per_week: float
    bar: float | None
    metrics: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Returns it as plain JSON values."""
        return {
            "method": self.method,
            "metric_kind": self.metric_kind,
            "team": self.team,
            "metrics": list(self.metrics),
            "stage": self.stage.value,
            "proposed": self.proposed.value,
            "why": self.why.value,
            "n": self.cases,
            "precision": self.precision,
            "low": self.low,
            "high": self.high,
            "false_per_week": self.false_per_week,
            "bar": self.bar,
        }


def metric_kind(name: str) -> str:
    """Returns what kind of thing a metric measures: the first two words of its name.

    Source: OpenTelemetry semantic conventions: names are namespaces joined by dots.

    >>> metric_kind("system.filesystem.utilization"), metric_kind("disk")
    ('system.filesystem', 'disk')
    """
    return ".".join(name.split(".")[:2])


def propose(
    incidents: Sequence[Incident],
    rules: LadderRules,
    start: datetime,
    end: datetime,
    rungs: Mapping[Place, Rung] | None = None,
) -> list[Proposal]:
    """Returns one proposal for each method, kind of metric and team that opened anything.

    Detectors stand beside forecasters: an incident that anomalies began counts for the detector
    of its seed.

    Args:
        start, end: When the incidents were gathered.
        rungs: Where each stands, with the time of its last move.
    """
    places: dict[Place, list[Incident]] = {}
    for each in sorted(incidents, key=lambda i: (i.opened_at, i.key)):
        method = method_of(each)
        if method:
            place = (method, metric_kind(each.series.metric), each.owner)
            places.setdefault(place, []).append(each)
    found = []
    for place, cases in sorted(places.items()):
        rung = (rungs or {}).get(place)
        since = max(start, rung.since) if rung else start
        stage = rung.stage if rung else cases[-1].stage
        own = [each for each in cases if each.opened_at >= since]
        weeks = max((end - since) / _WEEK, 1 / 7)
        found.append(_propose(place, stage, own, rules, weeks))
    return found


def _propose(
    place: Place, stage: Stage, incidents: Sequence[Incident], rules: LadderRules, weeks: float
) -> Proposal:
    cases = weighed(incidents)
    wrong = [each for each in cases if not was_right(each)]
    precision, low, high = share(len(cases) - len(wrong), len(cases))
    per_week = len(wrong) / weeks
    proposed, why = _step(stage, len(cases), low, high, per_week, rules)
    return Proposal(
        *place,
        stage,
        proposed,
        why,
        len(cases),
        precision if cases else None,
        low,
        high,
        per_week,
        _bar(wrong, rules.per_week * weeks),
        tuple(sorted({each.series.metric for each in incidents})),
    )


def _step(
    stage: Stage, cases: int, low: float, high: float, per_week: float, rules: LadderRules
) -> tuple[Stage, Why]:
    rung = _RUNGS.index(stage)
    below = _RUNGS[max(rung - 1, 0)]
    asked = {Stage.SHADOW: 0.0, Stage.SUGGEST: rules.suggest, Stage.ACT: rules.act}
    if cases < rules.cases:
        return stage, Why.TOO_FEW_CASES
    if per_week > rules.per_week:
        return below, Why.OVER_BUDGET
    if high < asked[stage]:
        return below, Why.PRECISION_TOO_LOW
    if stage is Stage.ACT:
        return stage, Why.AT_THE_TOP
    above = _RUNGS[rung + 1]
    if low >= asked[above]:
        return above, Why.PRECISION_PROVEN
    return stage, Why.PRECISION_NOT_PROVEN


def _bar(wrong: Sequence[Incident], allowed: float) -> float | None:
    """Returns the bar above which no more false alarms than allowed would have opened.

    An incident on anomalies has no probability that a bar could be held against.
    """
    probabilities = sorted((e.predicted.probability for e in wrong if e.predicted), reverse=True)
    keep = int(allowed)
    if len(wrong) <= keep:
        return 0.0
    if len(probabilities) <= keep:
        return None
    bar = probabilities[keep]
    return None if bar >= 1.0 else bar
