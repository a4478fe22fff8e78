"""What a replay would have been worth: the rules of the report, as pure functions.

A predictive incident *warns* of a failure of its asset (or of the asset's parent or child)
when it was opened before it and the failure came no later than ``late`` + grace. One whose
range is over-long warns of nothing. What warned of nothing is false, unless a repair lies
inside its range (averted) or its range ends after the asset's last sample (open).
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from aiops.domain.event import Failure, Maintenance
from aiops.domain.incident import Incident, IncidentKind, OutcomeKind

MONTH: Final = timedelta(days=30.44)
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Span:
    """First and last sample of an asset."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost, in one currency."""

    downtime_per_hour: float = 0.0
    false_alarm: float = 0.0
    outage: timedelta = timedelta(hours=4)
    currency: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What really happened, and how the assets hang together.

    Attributes:
        relatives: Asset to its parent and children.
    """

    spans: Mapping[str, Span]
    failures: Sequence[Failure]
    repairs: Sequence[Maintenance]
    relatives: Mapping[str, frozenset[str]] = field(default_factory=dict)
    samples: int = 0
    assets: int = 0

    def near(self, asset: str) -> frozenset[str]:
        """Returns the asset with its parent and children."""
        return self.relatives.get(asset, frozenset()) | {asset}


@dataclass(frozen=True, slots=True)
class _Rule:
    grace: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Judged:
    """One incident with its outcome."""

    incident: Incident
    outcome: str
    warned_of: Failure | None = None

    @property
    def lead(self) -> timedelta | None:
        """Time between opening and the failure it warned of."""
        return self.warned_of.at - self.incident.opened_at if self.warned_of else None


def longest_window(world: World) -> timedelta:
    """Returns the longest range that may count as a warning.

    Seven days, or a quarter of the median time from an asset's first sample to its first
    failure if that is longer.
    """
    first_failure: dict[str, datetime] = {}
    for failure in sorted(world.failures, key=lambda f: f.at):
        first_failure.setdefault(failure.asset, failure.at)
    lives = [
        (at - world.spans[asset].first).total_seconds()
        for asset, at in first_failure.items()
        if asset in world.spans
    ]
    quarter = timedelta(seconds=statistics.median(lives) / 4) if lives else timedelta(0)
    return max(WEEK, quarter)


def judge(incidents: Iterable[Incident], world: World, grace: timedelta) -> list[Judged]:
    """Returns every incident with its outcome, oldest first."""
    rule = _Rule(grace, longest_window(world))
    # not by key: that holds the installation, which is another one in each replay
    ordered = sorted(incidents, key=lambda i: (i.opened_at, i.series))
    return [_judge_one(incident, world, rule) for incident in ordered]


def report(
    judged: Sequence[Judged], world: World, grace: timedelta, prices: Prices, seconds: float
) -> dict[str, Any]:
    """Returns ``report.json`` as plain values."""
    predictive = [j for j in judged if j.incident.kind is IncidentKind.PREDICTIVE]
    false = [j for j in judged if j.outcome in {"false", "expired"}]
    rule = _Rule(grace, longest_window(world))
    leads = sorted(_leads(predictive, world, rule))
    windows = [
        (j.incident.predicted.late - j.incident.opened_at) / timedelta(hours=1)
        for j in predictive
        if j.incident.predicted is not None
    ]
    failures, warned = len(world.failures), len(leads)
    useful = sum(1 for j in predictive if j.warned_of is not None)
    months = sum((span.last - span.first) / MONTH for span in world.spans.values())
    brier = [
        (j.incident.predicted.probability - (j.warned_of is not None)) ** 2
        for j in predictive
        if j.incident.predicted is not None
    ]
    hours = prices.outage / timedelta(hours=1)
    return {
        "assets": world.assets or len(world.spans),
        "samples": world.samples,
        "failures": failures,
        "warned": warned,
        "missed": failures - warned,
        "false_incidents": len(false),
        "false_per_asset_month": len(false) / months if months else None,
        "precision": useful / (useful + len(false)) if useful + len(false) else None,
        "recall": warned / failures if failures else None,
        "lead_time_hours": {
            "p10": _quantile(leads, 0.1),
            "median": _quantile(leads, 0.5),
            "p90": _quantile(leads, 0.9),
        },
        "window_hours": {"median": _quantile(sorted(windows), 0.5)},
        "breach_brier": sum(brier) / len(brier) if brier else None,
        "cost": {
            "currency": prices.currency,
            "downtime_warned": warned * hours * prices.downtime_per_hour,
            "downtime_missed": (failures - warned) * hours * prices.downtime_per_hour,
            "false_alarms": len(false) * prices.false_alarm,
        },
        "incidents": [_row(j) for j in judged],
        "seconds": seconds,
    }


def _warns(incident: Incident, failure: Failure, world: World, rule: _Rule) -> bool:
    predicted = incident.predicted
    if predicted is None or incident.kind is not IncidentKind.PREDICTIVE:
        return False
    in_time = incident.opened_at < failure.at <= predicted.late + rule.grace
    over_long = predicted.late - incident.opened_at > rule.longest
    return in_time and not over_long and incident.asset in world.near(failure.asset)


def _judge_one(incident: Incident, world: World, rule: _Rule) -> Judged:
    near = world.near(incident.asset)
    opened = incident.opened_at
    if incident.kind is IncidentKind.REACTIVE or incident.predicted is None:
        seen = any(
            f.asset in near and opened - rule.grace <= f.at <= opened for f in world.failures
        )
        return Judged(incident, "happened" if seen else "false")
    hit = [f for f in world.failures if _warns(incident, f, world, rule)]
    if hit:
        return Judged(incident, "happened", min(hit, key=lambda f: f.at))
    late = incident.predicted.late
    mended = (r for r in world.repairs if r.asset == incident.asset and r.is_repair)
    if any(opened <= repair.start <= late for repair in mended):
        return Judged(incident, "averted")
    span = world.spans.get(incident.asset)
    if span is not None and late > span.last and late - opened <= rule.longest:
        return Judged(incident, "open")
    passed = incident.outcome is not None and incident.outcome.kind is OutcomeKind.EXPIRED
    return Judged(incident, "expired" if passed else "false")


def _leads(predictive: Sequence[Judged], world: World, rule: _Rule) -> Iterable[float]:
    for failure in world.failures:
        opened = [
            j.incident.opened_at for j in predictive if _warns(j.incident, failure, world, rule)
        ]
        if opened:
            yield (failure.at - min(opened)) / timedelta(hours=1)


def _row(judged: Judged) -> dict[str, Any]:
    incident, predicted = judged.incident, judged.incident.predicted
    lead = judged.lead
    return {
        "asset": incident.asset,
        "kind": incident.kind.value,
        "opened_at": incident.opened_at.isoformat(),
        "predicted": {
            "early": predicted.early.isoformat(),
            "likely": predicted.likely.isoformat(),
            "late": predicted.late.isoformat(),
            "probability": predicted.probability,
        }
        if predicted
        else None,
        "outcome": judged.outcome,
        "stage": incident.stage.value,
        "lead_time_hours": lead / timedelta(hours=1) if lead is not None else None,
        "sentence": incident.sentence.get("en", ""),
    }


def _quantile(ordered: Sequence[float], level: float) -> float | None:
    """Returns a quantile by linear interpolation."""
    if not ordered:
        return None
    place = level * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
