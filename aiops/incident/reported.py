"""What was reported from outside: failures and repairs, kept across restarts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

from aiops.contracts.ledger import Ledger, LedgerTransaction
from aiops.domain.asset import SYSTEM
from aiops.domain.event import Failure, Maintenance
from aiops.domain.forecast import REMAINING_LIFE
from aiops.domain.incident import Incident, OutcomeKind
from aiops.incident.standing import REPORTED

PENDING: Final = "reported events"
"""Name of the ledger's note that keeps what no round has looked at yet."""
FAILURES: Final = "reported failures"
"""Name of the ledger's note that keeps every failure: lives are learnt from them."""
_ALL: Final = 1_000_000

Event = Failure | Maintenance


@dataclass(frozen=True, slots=True)
class Reported:
    """Events that wait for a round, and all failures that one has seen."""

    pending: tuple[Event, ...] = ()
    failures: tuple[Failure, ...] = ()

    @classmethod
    def read(cls, ledger: Ledger) -> Self:
        """Returns what the ledger holds.

        A ledger from before failures were kept tells them by its incidents.
        """
        pending = tuple(_read(each) for each in ledger.note(PENDING).get("events", ()))
        kept = ledger.note(FAILURES)
        if kept:
            failures = tuple(_failure(each) for each in kept["failures"])
        else:
            failures = tuple(failures_of(ledger.incidents(SYSTEM, limit=_ALL)))
        return cls(pending, failures)

    def with_event(self, event: Event) -> "Reported":
        """Returns it with one more event; told twice, it counts once."""
        return self if event in self.pending else replace(self, pending=(*self.pending, event))

    def with_verdict(self, incident: Incident, happened: bool, now: datetime) -> "Reported":
        """Returns it with the failure that a person says has come, of one that was foreseen."""
        if not happened or incident.series.metric != REMAINING_LIFE:
            return self
        failure = Failure(incident.asset, now, incident.series.metric)
        return replace(self, failures=(*self.failures, failure))

    def due(self, now: datetime) -> tuple[list[Failure], list[Maintenance]]:
        """Returns failures and repairs that lie before a time."""
        known = [event for event in self.pending if event_time(event) <= now]
        return (
            [event for event in known if isinstance(event, Failure)],
            [event for event in known if isinstance(event, Maintenance)],
        )

    def after(self, now: datetime) -> "Reported":
        """Returns it once a round has looked at what lies before a time."""
        left = tuple(event for event in self.pending if event_time(event) > now)
        if len(left) == len(self.pending):
            return self
        return Reported(left, (*self.failures, *self.due(now)[0]))

    def put(self, tx: LedgerTransaction) -> None:
        """Writes it in a transaction."""
        tx.put_note(PENDING, {"events": [_plain(event) for event in self.pending]})
        tx.put_note(FAILURES, {"failures": [_plain(failure) for failure in self.failures]})


def failures_of(incidents: Iterable[Incident]) -> list[Failure]:
    """Returns the failures that incidents have recorded: reported ones, and those foreseen."""
    return [
        Failure(i.asset, i.outcome.at if i.outcome else i.opened_at, i.series.metric)
        for i in incidents
        if i.series.metric == REPORTED
        or (
            i.series.metric == REMAINING_LIFE
            and i.outcome is not None
            and i.outcome.kind is OutcomeKind.HAPPENED
        )
    ]


def event_time(event: Event) -> datetime:
    """Returns when it became known."""
    return event.at if isinstance(event, Failure) else event.start


def _plain(event: Event) -> dict[str, Any]:
    if isinstance(event, Failure):
        at = event.at.isoformat()
        return {"asset": event.asset, "at": at, "kind": event.kind, "cost": event.cost}
    start, end = event.start.isoformat(), event.end.isoformat()
    return {"asset": event.asset, "start": start, "end": end, "kind": event.kind}


def _read(each: Mapping[str, Any]) -> Event:
    if "at" in each:
        return _failure(each)
    start, end = (datetime.fromisoformat(each[name]) for name in ("start", "end"))
    return Maintenance(each["asset"], start, end, each["kind"])


def _failure(each: Mapping[str, Any]) -> Failure:
    return Failure(each["asset"], datetime.fromisoformat(each["at"]), each["kind"], each["cost"])
