"""The bar from which an incident opens: what each choice would have brought.

The forecasts of one replay are decided anew, by the decision of the service itself, for
each bar; nothing is forecast a second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import numpy as np

from aiops.assemble import maintenance_plan, repair_leads
from aiops.config import Settings
from aiops.domain.abstention import Abstention
from aiops.domain.event import Failure, Maintenance
from aiops.domain.incident import Incident, IncidentKind
from aiops.domain.instant import to_ns
from aiops.incident.book import IncidentBook
from aiops.incident.decide import decide
from aiops.incident.open import OpeningRules
from aiops.replay.bundle import Bundle
from aiops.replay.kept import Kept
from aiops.replay.report import Prices, World, judge, report

BARS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Choice:
    """What one bar would have brought; reactive incidents do not depend on it."""

    bar: float
    warned: int
    missed: int
    recall: float | None
    warnings: int
    false: int
    false_per_week: float
    false_per_asset_month: float | None
    lead_hours: float | None
    cost: float


def choices(
    kept: Kept, bundle: Bundle, world: World, settings: Settings, prices: Prices
) -> list[Choice]:
    """Returns what each bar would have brought, the one in force among them."""
    bars = sorted({*BARS, settings.incident.open_probability})
    return [_choice(bar, kept, bundle, world, settings, prices) for bar in bars]


def decided_at(
    bar: float, kept: Kept, bundle: Bundle, settings: Settings
) -> Mapping[str, Incident]:
    """Returns the predictive incidents that a bar would have opened, by key."""
    rules = replace(
        settings.incident,
        open_probability=bar,
        close_probability=min(settings.incident.close_probability, bar),
    )
    opening = OpeningRules(
        "", settings.ladder.start, rules.repair_lead, repair_leads(settings), not bundle.failures
    )
    fleet = _Fleet(
        {asset.key: asset for asset in bundle.inventory.assets},
        {metric.name: metric for metric in bundle.inventory.metrics},
    )
    repairs = [event for event in bundle.maintenance if event.is_repair]
    windows = [event for event in bundle.maintenance if not event.is_repair]
    plan = maintenance_plan(settings)
    book = IncidentBook(rules)
    found: dict[str, Incident] = {}
    waiting: list[Failure | Maintenance] = sorted([*bundle.failures, *repairs], key=_time)
    for now, crossings in kept.replayed(_matters(kept, bar)):
        due = [event for event in waiting if _time(event) <= now]
        waiting = waiting[len(due) :]

        def in_maintenance(asset: str, now: Any = now) -> bool:
            recorded = any(w.asset == asset and w.start <= now < w.end for w in windows)
            return recorded or plan.covers(asset, fleet.assets, now)

        book.forget(now)
        decided = decide(
            now,
            book.standing,
            crossings,
            [event for event in due if isinstance(event, Failure)],
            [event for event in due if isinstance(event, Maintenance)],
            book.memory,
            opening.opening(fleet, to_ns(now), lambda _crossing: {}, in_maintenance),
            rules,
        )
        book.take(decided.changed.values(), decided)
        found |= decided.changed
    return {key: i for key, i in found.items() if i.kind is IncidentKind.PREDICTIVE}


@dataclass(frozen=True, slots=True)
class _Fleet:
    assets: Mapping[str, Any]
    metrics: Mapping[str, Any]


def _choice(
    bar: float, kept: Kept, bundle: Bundle, world: World, settings: Settings, prices: Prices
) -> Choice:
    incidents = decided_at(bar, kept, bundle, settings)
    grace = settings.incident.grace
    judged = judge(incidents.values(), world, grace)
    told = report(judged, world, grace, prices, 0.0)
    weeks = _weeks(world)
    cost = told["cost"]
    return Choice(
        bar,
        told["warned"],
        told["missed"],
        told["recall"],
        len(judged),
        told["false_incidents"],
        told["false_incidents"] / weeks if weeks else 0.0,
        told["false_per_asset_month"],
        told["lead_time_hours"]["median"],
        cost["downtime_missed"] + cost["false_alarms"],
    )


def _matters(kept: Kept, bar: float) -> Any:
    """Returns the claims that a bar could open, and limits that were met."""
    matters = np.zeros(len(kept.claims), dtype=bool)
    # half a float32 below: it is decided by the full figure, which was kept whole
    likely = kept.probability >= bar - 1e-6
    matters[kept.claim[likely | (kept.reason == Abstention.ALREADY_OVER)]] = True
    return matters


def _weeks(world: World) -> float:
    if not world.spans:
        return 0.0
    first = min(span.first for span in world.spans.values())
    last = max(span.last for span in world.spans.values())
    return (last - first) / timedelta(days=7)


def _time(event: Failure | Maintenance) -> Any:
    return event.at if isinstance(event, Failure) else event.start


def cheapest(found: Sequence[Choice]) -> Choice | None:
    """Returns the cheapest bar, the highest of equals; None where prices say nothing."""
    if not found or len({choice.cost for choice in found}) < 2:
        return None
    return min(found, key=lambda choice: (choice.cost, -choice.bar))
