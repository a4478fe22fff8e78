"""Writing a new incident: key, prediction, sentence, frozen evidence, priority."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import Asset
from aiops.domain.decision import Reason
from aiops.domain.event import DATA_LOSS, Failure
from aiops.domain.forecast import Crossing
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Member,
    MemberSource,
    Prediction,
    Stage,
    Transition,
    incident_key,
)
from aiops.domain.instant import to_ns
from aiops.domain.metric import Metric
from aiops.domain.series import SeriesKey
from aiops.incident import sentence
from aiops.incident.evidence import freeze_guilty
from aiops.incident.spent import EXCESS
from aiops.incident.standing import REPORTED

EvidenceOf = Callable[[Crossing], Mapping[str, Any]]
"""Reads what is frozen with a decision: history, forecast, limit, versions."""
StrangeEvidenceOf = Callable[[Anomaly], Mapping[str, Any]]
"""The same of an anomaly."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is needed to write an incident.

    Attributes:
        window_end: ns, end of the window in which this round's data ends.
        repair_lead_of: Asset key to the time its repair needs, None where it does not differ.
        limits_are_failures: Meeting a limit counts as a failure; false where failures are
            reported from outside (a replay over a bundle with a failures file).
        stage: Where a method begins on the ladder.
        rung_of: Method, metric and team to the rung; None where it has never moved.
        in_maintenance: Whether an asset is in a planned window now: nothing opens, nothing closes.
        repair_leads: Asset key to the time its repair needs, where it differs.
    """

    installation: str
    assets: Mapping[str, Asset]
    metrics: Mapping[str, Metric]
    stage: Stage
    window_end: int
    evidence: EvidenceOf
    default_repair_lead: timedelta
    repair_lead_of: Callable[[str], timedelta | None] = lambda _asset: None
    limits_are_failures: bool = True
    in_maintenance: Callable[[str], bool] = lambda _asset: False
    strange_evidence: StrangeEvidenceOf = lambda _anomaly: {}
    rung_of: Callable[[str, str, str], Stage | None] = lambda _method, _metric, _team: None

    def asset(self, key: str) -> Asset:
        """Returns the asset, or a bare one when it is not in the inventory (any more)."""
        return self.assets.get(key) or Asset(key, kind="unknown")

    def subject(self, series: SeriesKey) -> sentence.Subject:
        """Returns what a sentence about this series speaks of."""
        metric = self.metrics.get(series.metric) or Metric(series.metric, provisional=True)
        return sentence.Subject(self.asset(series.asset), metric, series)

    def repair_lead(self, asset: str) -> timedelta:
        """Returns the time a repair of the asset needs."""
        own = self.repair_lead_of(asset)
        return self.default_repair_lead if own is None else own


class Fleet(Protocol):
    """What is known of the things that incidents are about."""

    @property
    def assets(self) -> Mapping[str, Asset]:
        """By key."""
        ...

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """By name."""
        ...


@dataclass(frozen=True, slots=True)
class OpeningRules:
    """What the configuration says about new incidents."""

    installation: str
    stage: Stage
    repair_lead: timedelta
    repair_lead_of: Callable[[str], timedelta | None] = lambda _asset: None
    limits_are_failures: bool = True
    rung_of: Callable[[str, str, str], Stage | None] = lambda _method, _metric, _team: None

    def opening(
        self,
        fleet: Fleet,
        window_end: int,
        evidence: EvidenceOf,
        in_maintenance: Callable[[str], bool] = lambda _asset: False,
        strange_evidence: StrangeEvidenceOf = lambda _anomaly: {},
    ) -> Opening:
        """Returns what one round needs to write incidents."""
        return Opening(
            self.installation,
            fleet.assets,
            fleet.metrics,
            self.stage,
            window_end,
            evidence,
            self.repair_lead,
            self.repair_lead_of,
            self.limits_are_failures,
            in_maintenance,
            strange_evidence,
            self.rung_of,
        )


def open_predictive(opening: Opening, crossing: Crossing, now: datetime) -> Incident:
    """Returns a new incident for a limit that will probably be met."""
    prediction = prediction_of(crossing, opening.repair_lead(crossing.series.asset))
    words = sentence.predicted(opening.subject(crossing.series), crossing, now)
    return _new(
        opening,
        IncidentKind.PREDICTIVE,
        crossing.series,
        now,
        Reason.CROSSING_LIKELY,
        words,
        {**opening.evidence(crossing), "value": crossing.value},
        prediction,
    )


def open_reactive(opening: Opening, cause: Crossing | Failure, now: datetime) -> Incident:
    """Returns a new incident for a limit that is met, or a failure that was reported."""
    if isinstance(cause, Crossing):
        words = sentence.happened(
            opening.subject(cause.series), cause.value, cause.limit, cause.origin
        )
        since = cause.origin.isoformat()
        evidence = {**opening.evidence(cause), "value": cause.value, "since": since}
        series = cause.series
    else:
        asset = opening.asset(cause.asset)
        lost = cause.kind == DATA_LOSS
        words = (
            sentence.lost(asset, cause.at) if lost else sentence.failed(asset, cause.kind, cause.at)
        )
        evidence = {"since": cause.at.isoformat()}
        series = SeriesKey.of(cause.asset, REPORTED, {"kind": cause.kind})
    limit = cause if isinstance(cause, Crossing) else None
    opened = _new(
        opening,
        IncidentKind.REACTIVE,
        series,
        now,
        Reason.FAILURE_SEEN,
        words,
        evidence,
        None,
        method=limit.method if limit else "",
    )
    members = (limit_member(limit),) if limit else ()
    return replace(opened, members=members)


def open_strange(
    opening: Opening,
    group: Sequence[Anomaly],
    members: tuple[Member, ...],
    excess: float,
    now: datetime,
) -> Incident:
    """Returns a new incident for anomalies that began together.

    Args:
        group: By onset; the first is the seed, and the key is made of its onset.
        excess: By how many powers of ten the group is rarer than the budget asks for.
    """
    seed = group[0]
    assets = list(dict.fromkeys(anomaly.series.asset for anomaly in group))
    words = sentence.strange(
        opening.subject(seed.series), seed, len(group), [opening.asset(a).display for a in assets]
    )
    seen = {} if seed.guilty else {"value": seed.value, "expected": seed.expected}
    guilty = freeze_guilty(group)
    evidence = {
        **opening.strange_evidence(seed),
        **seen,
        **({"guilty": guilty} if guilty else {}),
        "since": seed.start.isoformat(),
        EXCESS: round(excess, 3),
    }
    opened = _new(
        replace(opening, window_end=to_ns(seed.start)),
        IncidentKind.REACTIVE,
        seed.series,
        now,
        Reason.STRANGE_TOGETHER,
        words,
        evidence,
        None,
        # how soon it hurts is not known: the middle of the three urgencies
        left=timedelta(days=1),
        impact=max(opening.asset(asset).criticality for asset in assets),
        method=seed.detector,
    )
    return replace(opened, members=members)


def limit_member(crossing: Crossing) -> Member:
    """Returns a series that has met its limit as a member of an incident."""
    return Member(
        crossing.series,
        MemberSource.LIMIT,
        crossing.origin,
        value=crossing.value,
        expected=crossing.limit,
    )


def prediction_of(crossing: Crossing, repair_lead: timedelta) -> Prediction:
    """Returns the prediction a crossing makes, with the latest safe start of a repair."""
    if crossing.probability is None or not (crossing.early and crossing.likely and crossing.late):
        msg = f"a crossing without an answer predicts nothing: {crossing.series.text}"
        raise ValueError(msg)
    return Prediction(
        probability=crossing.probability,
        early=crossing.early,
        likely=crossing.likely,
        late=crossing.late,
        limit=crossing.limit,
        direction=crossing.direction,
        method=crossing.method,
        latest_safe_start=crossing.early - repair_lead,
    )


def levels_of(criticality: float, time_left: timedelta) -> tuple[int, int]:
    """Returns impact and urgency, 1 (high) to 3 (low).

    Impact by criticality in thirds, urgency by the time left: within 8 hours, within 3 days,
    later.
    """
    impact = 1 if criticality >= 2 / 3 else 2 if criticality >= 1 / 3 else 3
    urgent, soon = timedelta(hours=8), timedelta(days=3)
    return impact, 1 if time_left <= urgent else 2 if time_left <= soon else 3


def priority_of(criticality: float, time_left: timedelta) -> int:
    """Returns the ITIL 4 priority, 1 (critical) to 5 (planning), from impact and urgency.

    Impact and urgency (:func:`levels_of`) add up as in the usual matrix.

    >>> priority_of(0.9, timedelta(0)), priority_of(0.5, timedelta(days=1))
    (1, 3)
    >>> priority_of(0.1, timedelta(days=6))
    5
    """
    impact, urgency = levels_of(criticality, time_left)
    return impact + urgency - 1


def _new(
    opening: Opening,
    kind: IncidentKind,
    series: SeriesKey,
    now: datetime,
    reason: Reason,
    words: Mapping[str, str],
    evidence: Mapping[str, Any],
    prediction: Prediction | None,
    *,
    left: timedelta = timedelta(0),
    impact: float | None = None,
    method: str = "",
) -> Incident:
    asset = opening.asset(series.asset)
    key = incident_key(opening.installation, series.asset, series.signal, opening.window_end)
    if prediction is not None:
        left, method = prediction.likely - now, prediction.method
    hurts = asset.criticality if impact is None else impact
    levels = dict(zip(("impact", "urgency"), levels_of(hurts, left), strict=True))
    rung = opening.rung_of(method, series.metric, asset.owner)
    return Incident(
        key=key,
        kind=kind,
        asset=series.asset,
        series=series,
        state=IncidentState.OPEN,
        stage=rung or opening.stage,
        opened_at=now,
        updated_at=now,
        priority=priority_of(hurts, left),
        predicted=prediction,
        current=prediction,
        sentence=words,
        evidence={**evidence, "priority": levels},
        transitions=(Transition(now, IncidentState.OPEN, reason),),
        owner=asset.owner,
        service=asset.service,
    )
