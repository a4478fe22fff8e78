"""The ladder: how far each method may go for each metric, from what its predictions were worth.

A proposal only: nobody is promoted without a person. It goes up one rung when its precision
is proven and its false alarms fit the budget, and down one when they do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from aiops.domain.incident import Incident, IncidentKind, Stage
from aiops.learn.figure import share
from aiops.learn.verdict import is_right, judged

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


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where a method should stand for a metric.

    Attributes:
        precision, low, high: With its 95 % interval.
        bar: The least ``open_probability`` at which the past false alarms fit the budget; None
            when none does.
    """

    method: str
    metric: str
    stage: Stage
    proposed: Stage
    why: Why
    cases: int
    precision: float | None
    low: float
    high: float
    false_per_week: float
    bar: float | None

    def plain(self) -> dict[str, Any]:
        """Returns it as plain JSON values."""
        return {
            "method": self.method,
            "metric": self.metric,
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


def propose(
    incidents: Sequence[Incident], rules: LadderRules, observed: timedelta
) -> list[Proposal]:
    """Returns one proposal for each method and metric that has predicted anything.

    Args:
        observed: How long the incidents were gathered.
    """
    by_pair: dict[tuple[str, str], list[Incident]] = {}
    for each in sorted(incidents, key=lambda i: (i.opened_at, i.key)):
        if each.kind is IncidentKind.PREDICTIVE and each.predicted is not None:
            pair = (each.predicted.method, each.series.metric)
            by_pair.setdefault(pair, []).append(each)
    weeks = max(observed / _WEEK, 1 / 7)
    return [
        _propose(method, metric, cases, rules, weeks)
        for (method, metric), cases in sorted(by_pair.items())
    ]


def _propose(
    method: str, metric: str, incidents: Sequence[Incident], rules: LadderRules, weeks: float
) -> Proposal:
    cases = judged(incidents)
    wrong = [each for each in cases if not is_right(each)]
    precision, low, high = share(len(cases) - len(wrong), len(cases))
    stage = incidents[-1].stage
    per_week = len(wrong) / weeks
    proposed, why = _step(stage, len(cases), low, high, per_week, rules)
    return Proposal(
        method,
        metric,
        stage,
        proposed,
        why,
        len(cases),
        precision if cases else None,
        low,
        high,
        per_week,
        _bar(wrong, rules.per_week * weeks),
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
    """Returns the bar above which no more false alarms than allowed would have opened."""
    probabilities = sorted((e.predicted.probability for e in wrong if e.predicted), reverse=True)
    keep = int(allowed)
    if len(probabilities) <= keep:
        return 0.0
    bar = probabilities[keep]
    return None if bar >= 1.0 else bar
