"""The frozen *before*: past tickets, imported once and dated, that targets are held against."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from aiops.contracts.errors import InputError
from aiops.domain.answer import Answer
from aiops.domain.incident import Incident, Stage
from aiops.learn.cost import cost_of, downtime
from aiops.learn.figure import ENOUGH, not_yet
from aiops.learn.prices import Prices
from aiops.learn.satisfaction import satisfaction_target

BEFORE: Final = "before"
"""Name of the ledger's note that keeps it."""
LEAST: Final = timedelta(days=90)
_MONTH: Final = timedelta(days=30.44)
_NO_BEFORE: Final = "not measurable yet: no tickets of the time before were imported"

TARGETS: Final[Mapping[str, float]] = {
    "response_time": -0.6,
    "satisfaction": 0.9,
    "cost": -0.3,
}
"""Response time −60 %, satisfaction above 90 %, cost −30 %: changes against the before, but
satisfaction, which is a share."""


@dataclass(frozen=True, slots=True)
class PastTicket:
    """One ticket of the time before."""

    opened: datetime
    closed: datetime
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """What was true before.

    Attributes:
        resolve_seconds: Median time from opening to closing.
        cost_per_month: None where the tickets told no costs.
    """

    frozen_at: datetime
    start: datetime
    end: datetime
    cases: int
    resolve_seconds: float
    cost_per_month: float | None

    @classmethod
    def read(cls, note: Mapping[str, Any]) -> "Before | None":
        """Returns what a note holds, None of an empty one."""
        if not note:
            return None
        return cls(
            datetime.fromisoformat(note["frozen_at"]),
            datetime.fromisoformat(note["from"]),
            datetime.fromisoformat(note["to"]),
            int(note["cases"]),
            float(note["resolve_seconds"]),
            note["cost_per_month"],
        )

    def note(self) -> dict[str, Any]:
        """Returns it as plain values."""
        return {
            "frozen_at": self.frozen_at.isoformat(),
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "cases": self.cases,
            "resolve_seconds": self.resolve_seconds,
            "cost_per_month": self.cost_per_month,
        }


def freeze_before(tickets: Iterable[PastTicket], now: datetime) -> Before:
    """Returns the before that past tickets tell.

    Raises:
        InputError: They are too few, or span less than 90 days.
    """
    found = sorted(tickets, key=lambda t: t.opened)
    if len(found) < ENOUGH:
        raise InputError([f"{len(found)} tickets, expected at least {ENOUGH}"])
    start, end = found[0].opened, max(t.closed for t in found)
    if found[-1].opened - start < LEAST:
        days = (found[-1].opened - start).days
        raise InputError([f"the tickets span {days} days, expected at least {LEAST.days}"])
    costs = [t.cost for t in found if t.cost is not None]
    months = (end - start) / _MONTH
    return Before(
        now,
        start,
        end,
        len(found),
        statistics.median((t.closed - t.opened).total_seconds() for t in found),
        sum(costs) / months if costs else None,
    )


def compare(
    before: Before | None,
    incidents: Sequence[Incident],
    prices: Prices,
    answers: Sequence[Answer],
    start: datetime,
    end: datetime,
) -> dict[str, Any]:
    """Returns the targets, held against the before only where both sides are measured."""
    told = [i for i in incidents if i.stage is Stage.ACT and i.closed_at is not None]
    return {
        "before": before.note() if before else None,
        "response_time": _response(before, told),
        "satisfaction": satisfaction_target(answers, TARGETS["satisfaction"]),
        "cost": _cost(before, told, prices, (end - start) / _MONTH),
    }


def _response(before: Before | None, told: Sequence[Incident]) -> dict[str, Any]:
    failed = {each.key: span for each in told if (span := downtime(each)) is not None}
    spans = [(end - start).total_seconds() for start, end in failed.values()]
    found: dict[str, Any] = {"target": TARGETS["response_time"], "change": None}
    found["cases"] = list(failed)
    if before is None:
        return {**found, "note": _NO_BEFORE}
    if len(spans) < ENOUGH:
        return {**found, "note": not_yet(len(spans))}
    now = statistics.median(spans)
    change = now / before.resolve_seconds - 1 if before.resolve_seconds else None
    return found | {
        "before": before.resolve_seconds,
        "now": now,
        "change": change,
        "reached": change is not None and change <= TARGETS["response_time"],
        "note": f"median from failure to closing of {len(spans)} incidents against "
        f"{before.cases} tickets",
    }


def _cost(
    before: Before | None, told: Sequence[Incident], prices: Prices, months: float
) -> dict[str, Any]:
    costs = {each.key: cost for each in told if (cost := cost_of(each, prices)) is not None}
    found: dict[str, Any] = {"target": TARGETS["cost"], "change": None, "cases": list(costs)}
    if before is None:
        return {**found, "note": _NO_BEFORE}
    if not before.cost_per_month:
        return {**found, "note": "not measurable yet: the tickets of the time before told no cost"}
    if len(costs) < ENOUGH:
        return {**found, "note": not_yet(len(costs))}
    now = sum(costs.values()) / months
    change = now / before.cost_per_month - 1
    return found | {
        "before": before.cost_per_month,
        "now": now,
        "change": change,
        "reached": change <= TARGETS["cost"],
        "note": f"a month's cost of {len(costs)} incidents at the configured prices against "
        f"{before.cases} tickets",
    }
