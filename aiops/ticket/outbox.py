"""The sender: PENDING → SENDING → DONE, or UNKNOWN and a look-up before anything else.

The row says SENDING before the request leaves, so that a process that dies in between is
found in doubt by the next one; whoever is in doubt looks up, waits, looks up again.
"""

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from aiops.contracts.crash import crashpoint
from aiops.contracts.errors import Fenced, Refused, StoreError, Unavailable
from aiops.contracts.ledger import Ledger, LedgerTransaction
from aiops.contracts.ticket_system import TicketSystem
from aiops.domain.asset import SYSTEM
from aiops.domain.decision import Decision, Reason
from aiops.domain.phrase import Phrase
from aiops.domain.ticket import OutboxMessage, OutboxState, Ticket, TicketAction
from aiops.ticket.backoff import wait_after
from aiops.ticket.delivery import Delivered, LookAgain, deliver, look_up
from aiops.ticket.settings import TicketSettings

_DOUBTFUL = (OutboxState.SENDING, OutboxState.UNKNOWN)
_PAGE = 500
_GIVE_UP_PASS_AFTER = 3
"""Unanswered requests in a row after which the rest of a destination waits for the next pass."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message in one pass.

    Attributes:
        message: As stored after the pass.
        duplicates: Second tickets of the incident found over there (closed where possible).
    """

    message: OutboxMessage
    ticket: Ticket | None = None
    created: bool = False
    duplicates: tuple[Ticket, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketChange:
    """A ticket that people have changed over there.

    Attributes:
        closed: It was open and is not any more: the incident ends by ticket.
        gone: It does not exist any more; shown, and never made anew silently.
        duplicates: Second tickets that came to light late (closed where possible).
    """

    incident_key: str
    ticket: Ticket
    closed: bool = False
    gone: bool = False
    duplicates: tuple[Ticket, ...] = ()


class Outbox:
    """Sends what is due and reads back what changed; sleeps nowhere, keeps no state of its own.

    Passes of one destination never overlap; different destinations may run in threads.
    """

    def __init__(
        self,
        ledger: Ledger,
        systems: Mapping[str, TicketSystem],
        settings: TicketSettings,
        rng: random.Random | None = None,
    ) -> None:
        self._ledger = ledger
        self._systems = systems
        self._settings = settings
        self._rng = rng or random.Random()
        self._locks = {name: threading.Lock() for name in systems}

    @property
    def destinations(self) -> tuple[str, ...]:
        """Names of the foreign systems."""
        return tuple(self._systems)

    def send_due(
        self,
        now: datetime,
        destination: str | None = None,
        fence: int | None = None,
        limit: int = 100,
    ) -> list[Sent]:
        """Does one pass over what is due and returns what became of each message.

        Args:
            destination: Only this one, so that each can have a thread; None means all in turn.
            fence: The leader's token; a daemon that leads no more sends nothing.

        Raises:
            Fenced: Another daemon leads.
            StoreError: The ledger cannot be written; nothing is sent without it.
        """
        sent: list[Sent] = []
        for name in [destination] if destination else list(self._systems):
            with self._only_pass(name) as free:
                if free:
                    sent.extend(self._pass(name, now, fence, limit))
        return sent

    def sync(
        self,
        now: datetime,
        destination: str | None = None,
        fence: int | None = None,
        take: Callable[[TicketChange], None] = lambda _change: None,
    ) -> list[TicketChange]:
        """Reads open tickets back, stores what changed, and returns it.

        Args:
            take: Called with each change before it is stored: what follows from it is done
                first, so that a process that dies in between sees the change again.
        """
        changes: list[TicketChange] = []
        for name in [destination] if destination else list(self._systems):
            changes.extend(self._read_back(name, now, fence, take))
        return changes

    def _pass(self, name: str, now: datetime, fence: int | None, limit: int) -> Iterator[Sent]:
        unanswered = 0
        for message in self._ledger.due_messages(now, limit, name):
            outcome = self._send(message, now, fence)
            yield outcome
            failed = outcome.message.state in {OutboxState.UNKNOWN, OutboxState.PENDING}
            waits = outcome.message.looked_at is not None and not outcome.message.last_error
            unanswered = unanswered + 1 if failed and not waits else 0
            if unanswered >= _GIVE_UP_PASS_AFTER:
                return

    def _send(self, message: OutboxMessage, now: datetime, fence: int | None) -> Sent:
        history = self._ledger.messages_of(message.incident_key, message.destination)
        over = any(each.draft.action is TicketAction.RESOLVE for each in history[-1:])
        in_doubt = message.state in _DOUBTFUL
        linked = next(
            (
                ticket
                for ticket in self._ledger.tickets(message.incident_key)
                if ticket.destination == message.destination
            ),
            None,
        )
        if over and linked is None and not any(map(_was_tried, history)):
            return self._cancel(message, now, fence)
        sending = replace(message, state=OutboxState.SENDING, attempts=message.attempts + 1)
        with self._ledger.begin(fence) as tx:
            tx.put_message(sending)
        system = self._systems[message.destination]
        try:
            result = deliver(system, message, linked, in_doubt=in_doubt, over=over, now=now)
        except Refused as error:
            return self._park(sending, str(error), now, fence)
        except (Fenced, StoreError):
            raise
        except Unavailable as error:
            return self._postpone(sending, str(error), error.retry_after, now, fence)
        except Exception as error:  # noqa: BLE001  # an adapter that breaks gave no answer either
            return self._postpone(sending, f"{type(error).__name__}: {error}", None, now, fence)
        if isinstance(result, LookAgain):
            waiting = replace(
                sending,
                state=OutboxState.UNKNOWN,
                looked_at=result.looked_at,
                next_at=result.at,
                last_error="",
            )
            with self._ledger.begin(fence) as tx:
                tx.put_message(waiting)
            return Sent(waiting)
        return self._finish(sending, result, now, fence)

    def _finish(
        self, message: OutboxMessage, result: Delivered, now: datetime, fence: int | None
    ) -> Sent:
        ticket = result.ticket
        done = replace(
            message,
            state=OutboxState.DONE,
            ticket_id=ticket.id if ticket else "",
            last_error=result.note.text() if ticket is None else "",
            looked_at=None,
        )
        with self._ledger.begin(fence) as tx:
            tx.put_message(done)
            if ticket is not None:
                stored = replace(ticket, destination=message.destination)
                tx.put_ticket(message.incident_key, stored)
            elif result.note:
                self._tell(tx, message, "withhold", Reason.ALREADY_OVER, result.note, now)
            if result.duplicates:
                ids = ", ".join(each.id for each in result.duplicates)
                words = Phrase("duplicates", {"destination": message.destination, "tickets": ids})
                self._tell(tx, message, "update", Reason.BY_TICKET, words, now)
        crashpoint("outbox.after_done")
        self._close_duplicates(message, result)
        return Sent(done, ticket, result.created, result.duplicates)

    def _close_duplicates(self, message: OutboxMessage, result: Delivered) -> None:
        for duplicate in result.duplicates:
            if not duplicate.is_open or result.ticket is None:
                continue
            words = f"Duplicate of {result.ticket.id}."
            draft = replace(message.draft, action=TicketAction.RESOLVE, body=words)
            try:
                self._systems[message.destination].update(duplicate, draft)
            except (Refused, Unavailable):
                continue  # it is reported all the same, and found again by the next look-up

    def _cancel(self, message: OutboxMessage, now: datetime, fence: int | None) -> Sent:
        words = Phrase("cancelled")
        done = replace(message, state=OutboxState.DONE, last_error=words.text())
        with self._ledger.begin(fence) as tx:
            tx.put_message(done)
            self._tell(tx, message, "withhold", Reason.ALREADY_OVER, words, now)
        return Sent(done)

    def _park(self, message: OutboxMessage, error: str, now: datetime, fence: int | None) -> Sent:
        parked = replace(message, state=OutboxState.PARKED, last_error=error[:1000])
        told, where = message.draft.action.value, message.destination
        words = Phrase("set_aside", {"told": told, "destination": where, "error": error[:1000]})
        with self._ledger.begin(fence) as tx:
            tx.put_message(parked)
            self._tell(tx, message, "withhold", Reason.NOT_DELIVERED, words, now)
        return Sent(parked)

    def _postpone(
        self,
        message: OutboxMessage,
        error: str,
        retry_after: float | None,
        now: datetime,
        fence: int | None,
    ) -> Sent:
        if now - message.created_at > self._settings.max_age:
            return self._park(message, f"not delivered in time; last answer: {error}", now, fence)
        later = replace(
            message,
            state=OutboxState.UNKNOWN,
            next_at=now + wait_after(message.attempts, retry_after, self._rng),
            last_error=error[:1000],
            looked_at=None,
        )
        with self._ledger.begin(fence) as tx:
            tx.put_message(later)
        return Sent(later)

    def _tell(
        self,
        tx: LedgerTransaction,
        message: OutboxMessage,
        action: str,
        reason: Reason,
        phrase: Phrase,
        now: datetime,
    ) -> None:
        incident = self._ledger.incident(SYSTEM, message.incident_key)
        asset = incident.asset if incident else ""
        tx.put_decisions([Decision(now, message.incident_key, asset, action, reason, phrase)])

    def _read_back(
        self, name: str, now: datetime, fence: int | None, take: Callable[[TicketChange], None]
    ) -> Iterator[TicketChange]:
        unanswered = 0
        if not self._systems[name].can_find:
            return
        for key, known in self._open_tickets(name):
            if unanswered >= _GIVE_UP_PASS_AFTER:
                return
            try:
                seen = self._systems[name].fetch(known.id)
                extra = self._late_duplicates(name, key, known) if seen is not None else ()
            except (Fenced, StoreError):
                raise
            except Exception:  # noqa: BLE001  # an adapter that breaks gave no answer either
                unanswered += 1
                continue
            unanswered = 0
            gone = seen is None
            current = replace(known, status="lost", is_open=False) if seen is None else seen
            current = replace(current, destination=name, key=key)
            if current == known and not extra:
                continue
            closed = not current.is_open and not gone
            change = TicketChange(key, current, closed=closed, gone=gone, duplicates=extra)
            take(change)
            with self._ledger.begin(fence) as tx:
                tx.put_ticket(key, current)
                before = {"status": known.status, "version": known.version}
                after = {"status": current.status, "version": current.version}
                tx.audit(now, name, "ticket", f"{name} {known.id}", before, after)
            yield change

    def _open_tickets(self, name: str) -> Iterator[tuple[str, Ticket]]:
        """Yields every open ticket, page by page, so that none is ever too far down to be read."""
        page = self._ledger.open_tickets(name, _PAGE)
        while page:
            yield from page
            page = self._ledger.open_tickets(name, _PAGE, after=page[-1][1].id)

    def _late_duplicates(self, name: str, key: str, known: Ticket) -> tuple[Ticket, ...]:
        """Sweeps for tickets of requests that were carried out after we had stopped waiting.

        Only an incident whose message was ever tried twice can have one.
        """
        history = self._ledger.messages_of(key, name)
        if all(message.attempts <= 1 for message in history):
            return ()
        found = look_up(self._systems[name], key)
        extra = tuple(each for each in found if each.id != known.id and each.is_open)
        self._close_duplicates(history[0], Delivered(known, duplicates=extra))
        return extra

    @contextmanager
    def _only_pass(self, name: str) -> Iterator[bool]:
        lock = self._locks[name]
        free = lock.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                lock.release()


def _was_tried(message: OutboxMessage) -> bool:
    cancelled = message.state is OutboxState.DONE and not message.ticket_id
    return message.attempts > 0 and not cancelled
