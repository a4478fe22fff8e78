"""What people and foreign systems bring: orders, silences, reports. Each is one transaction.

It takes turns with the analysis: whoever waits gets its turn before the next window, so that a
long catch-up does not hold up a click.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from aiops.contracts.errors import Refused
from aiops.contracts.ledger import Ledger, LedgerTransaction
from aiops.domain.asset import Asset
from aiops.domain.decision import Decision, Reason
from aiops.domain.event import Failure, Holiday, Maintenance
from aiops.domain.incident import Incident
from aiops.domain.silence import Silence, lineage
from aiops.domain.ticket import Ticket, TicketAction
from aiops.incident.act import Order, PersonAction, act
from aiops.incident.decided import Decided, Notice
from aiops.incident.reported import Reported
from aiops.incident.stage import MEMORY, IncidentStage
from aiops.ticket.dispatch import STORM, Outgoing
from aiops.ticket.silences import SILENCES, Hush

WINDOWS: Final = "maintenance windows"
"""Name of the ledger's note that keeps what was reported."""
HOLIDAYS: Final = "reported holidays"
"""Name of the ledger's note that keeps days off that no library knows."""
_WINDOWS_KEPT: Final = timedelta(days=90)
_HOLIDAYS_KEPT: Final = timedelta(days=800)
"""Two years of history and more: methods learn from the holiday of last year."""


class Turns:
    """A lock whose waiters get it in turn: nobody takes it twice in a row past one who waits."""

    def __init__(self) -> None:
        self._next = threading.Lock()
        self._held = threading.Lock()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Waits for a turn and holds it."""
        with self._next:
            self._held.acquire()
        try:
            yield
        finally:
            self._held.release()


@dataclass(slots=True)
class Orders:
    """Commits what was decided, by a round or by a person.

    Attributes:
        assets: Gives what is watched, by key.
        windows: Maintenance that was reported; the plan of the pipeline holds the same list.
        holidays: Days off that were reported; who builds calendars holds the same list.
        verdict_of: Status of a closed ticket, in small letters, to what it says.
        fence: Token of the lease under which is written.
    """

    ledger: Ledger
    incidents: IncidentStage
    outgoing: Outgoing
    assets: Callable[[], Mapping[str, Asset]]
    verdict_of: Mapping[str, PersonAction] = field(default_factory=dict)
    reported: Reported = field(default_factory=Reported)
    hush: Hush = field(default_factory=Hush)
    windows: list[Maintenance] = field(default_factory=list)
    holidays: list[Holiday] = field(default_factory=list)
    fence: int | None = None
    turns: Turns = field(default_factory=Turns)

    def load(self) -> None:
        """Takes up where the last run ended."""
        self.incidents.load()
        self.reported = Reported.read(self.ledger)
        self.refresh()

    def refresh(self) -> None:
        """Reads silences, windows and holidays anew: one may have come through another daemon."""
        self.hush = Hush.read(self.ledger.note(SILENCES))
        self.windows[:] = [
            Maintenance(
                each["asset"],
                datetime.fromisoformat(each["start"]),
                datetime.fromisoformat(each["end"]),
            )
            for each in self.ledger.note(WINDOWS).get("windows", ())
        ]
        self.holidays[:] = read_holidays(self.ledger)

    def act(self, incident: Incident, order: Order, now: datetime) -> Incident:
        """Carries out an order in one audited transaction.

        Raises:
            Refused: The state of the incident does not allow it.
        """
        with self.turns.take():
            book = self.incidents.book
            current = book.by_key.get(incident.key, incident)
            if order.other is not None:
                order = replace(order, other=book.by_key.get(order.other.key, order.other))
            decided = act(current, order, now, book.memory, self.ledger.installation)
            if order.action is PersonAction.SPLIT:
                self._refuse_known(decided, current)
            reported = self.reported.with_verdict(
                current, order.action is PersonAction.HAPPENED, now
            )
            with self.ledger.begin(self.fence) as tx:
                stored, hush = self.commit(tx, decided, now)
                if reported is not self.reported:
                    reported.put(tx)
                tx.audit(
                    now, order.who, order.action.value, current.key, _facts(current),
                    _facts(stored[0]),
                )  # fmt: skip
            self.hush, self.reported = hush, reported
            self.incidents.take(stored, decided)
            return stored[0]

    def close_by_ticket(self, incident: Incident, ticket: Ticket, now: datetime) -> Incident:
        """Closes an incident whose ticket was closed over there, with what its status means.

        A verdict that a person has given here stays.
        """
        who, note = f"ticket:{ticket.destination}", f"{ticket.id} is {ticket.status}"
        verdict = self.verdict_of.get(ticket.status.strip().lower())
        judged = incident.outcome is not None and incident.outcome.by != "rule"
        if verdict is not None and not judged:
            incident = self.act(incident, Order(verdict, who, note, reason=Reason.BY_TICKET), now)
        if not incident.is_open:
            return incident
        close = Order(PersonAction.CLOSE, who, note, reason=Reason.BY_TICKET)
        return self.act(incident, close, now)

    def report(self, event: Failure | Maintenance | Holiday, who: str, now: datetime) -> None:
        """Takes note of what happened; each round looks at what lies before its own time."""
        if isinstance(event, Holiday):
            self._keep_holiday(event, who, now)
            return
        if isinstance(event, Maintenance) and not event.is_repair:
            self._record(event, who, now)
            return
        with self.turns.take():
            reported = self.reported.with_event(event)
            with self.ledger.begin() as tx:
                reported.put(tx)
                what = "repair" if isinstance(event, Maintenance) else "failure"
                tx.audit(now, who, f"report {what}", event.asset, {}, {"at": str(_at(event))})
            self.reported = reported

    def _record(self, window: Maintenance, who: str, now: datetime) -> None:
        """Keeps a window: its data is not learnt from, and nothing opens meanwhile."""
        with self.turns.take():
            kept = [each for each in self.windows if each.end > now - _WINDOWS_KEPT]
            told = {"from": window.start.isoformat(), "to": window.end.isoformat()}
            with self.ledger.begin() as tx:
                tx.put_note(WINDOWS, {"windows": [_plain(each) for each in (*kept, window)]})
                tx.audit(now, who, "report maintenance", window.asset, {}, told)
            self.windows[:] = [*kept, window]

    def _keep_holiday(self, holiday: Holiday, who: str, now: datetime) -> None:
        """Keeps days off; the next calendar that is built has them."""
        with self.turns.take():
            oldest = (now - _HOLIDAYS_KEPT).date()
            kept = [each for each in self.holidays if each.last >= oldest and each != holiday]
            told = {"holidays": [_plain_holiday(each) for each in (*kept, holiday)]}
            with self.ledger.begin() as tx:
                tx.put_note(HOLIDAYS, told)
                what = "report working days" if holiday.working else "report holiday"
                tx.audit(now, who, what, f"site {holiday.site}", {}, _plain_holiday(holiday))
            self.holidays[:] = [*kept, holiday]

    def silences(self, now: datetime) -> list[Silence]:
        """Returns the silences that are not over."""
        return [each for each in self.hush.silences if each.until > now]

    def silence(self, silence: Silence, now: datetime) -> None:
        """Withholds messages about matching assets until a time; incidents still open."""
        with self.turns.take():
            self._hush_now(self.hush.add(silence, now), silence, "silence", now)

    def end_silence(self, identity: str, who: str, now: datetime) -> None:
        """Ends a silence early.

        Raises:
            KeyError: There is no such silence.
        """
        with self.turns.take():
            old = {each.id: each for each in self.hush.silences}
            ended = self.hush.end(identity)
            self._hush_now(ended, replace(old[identity], by=who), "end silence", now)

    def commit(
        self, tx: LedgerTransaction, decided: Decided, now: datetime
    ) -> tuple[list[Incident], Hush]:
        """Writes what was decided; returns what to remember once the transaction is durable."""
        self._tell_overdue(decided, now)
        stored = {each.key: each for each in tx.put_incidents([*decided.changed.values()])}
        sent: list[Decision] = []
        hush = self.hush
        if decided.notices:
            notices = [(stored[notice.incident.key], notice) for notice in decided.notices]
            outgoing = replace(self.outgoing, assets=self.assets())
            sent, hush = outgoing.send(tx, notices, self.ledger.note(STORM), hush, now)
        tx.put_decisions([*decided.decisions, *sent])
        if decided.memory != self.incidents.book.memory:
            tx.put_note(MEMORY, decided.memory.streak)
        return list(stored.values()), hush

    def _tell_overdue(self, decided: Decided, now: datetime) -> None:
        """Tells of what opened in a silence that is over now and still stands."""
        if not self.hush.waiting:
            return
        known = {**self.incidents.book.by_key, **decided.changed}
        for key in sorted(self.hush.waiting & known.keys()):
            incident = known[key]
            keys = lineage(incident.asset, self.assets())
            if incident.is_open and not any(s.covers(keys, now) for s in self.hush.silences):
                decided.changed.setdefault(key, incident)
                notice = Notice(incident, TicketAction.OPEN, Reason.FIRST_NOTIFICATION)
                decided.notices.insert(0, notice)

    def _refuse_known(self, decided: Decided, current: Incident) -> None:
        for key in decided.changed.keys() - {current.key}:
            if self.incidents.book.by_key.get(key) is not None:
                raise Refused(f"{current.display}: these signals began an incident of their own")

    def _hush_now(self, hush: Hush, silence: Silence, what: str, now: datetime) -> None:
        with self.ledger.begin() as tx:
            hush.put(tx)
            after = {"until": silence.until.isoformat(), "reason": silence.reason}
            tx.audit(now, silence.by, what, silence.match, {}, after)
        self.hush = hush


def _plain(window: Maintenance) -> dict[str, str]:
    start, end = window.start.isoformat(), window.end.isoformat()
    return {"asset": window.asset, "start": start, "end": end}


def read_holidays(ledger: Ledger) -> list[Holiday]:
    """Returns the days off that were reported, in their order."""
    return [
        Holiday(
            each["site"],
            date.fromisoformat(each["first"]),
            date.fromisoformat(each["last"]),
            each["name"],
            bool(each["working"]),
        )
        for each in ledger.note(HOLIDAYS).get("holidays", ())
    ]


def _plain_holiday(holiday: Holiday) -> dict[str, Any]:
    first, last = holiday.first.isoformat(), holiday.last.isoformat()
    return {
        "site": holiday.site,
        "first": first,
        "last": last,
        "name": holiday.name,
        "working": holiday.working,
    }


def _at(event: Failure | Maintenance) -> datetime:
    return event.at if isinstance(event, Failure) else event.start


def _facts(incident: Incident) -> dict[str, Any]:
    return {
        "state": incident.state.value,
        "outcome": incident.outcome.kind.value if incident.outcome else "",
        "assignee": incident.assignee,
    }
