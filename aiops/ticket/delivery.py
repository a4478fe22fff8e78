"""One message to one foreign system: what is done, given what is known. No ledger, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aiops.contracts.crash import crashpoint
from aiops.contracts.errors import Refused
from aiops.contracts.ticket_system import TicketSystem
from aiops.domain.phrase import NO_WORDS, Phrase, verbatim
from aiops.domain.ticket import OutboxMessage, Ticket, TicketAction, TicketDraft


@dataclass(frozen=True, slots=True)
class Delivered:
    """The foreign system has what was meant.

    Attributes:
        ticket: The ticket as it stands there; None when there is nothing to tell.
        created: Whether this delivery made it.
        duplicates: Other tickets of the same key that were found beside it.
    """

    ticket: Ticket | None
    created: bool = False
    duplicates: tuple[Ticket, ...] = ()
    note: Phrase = NO_WORDS


@dataclass(frozen=True, slots=True)
class LookAgain:
    """In doubt, and nothing is to be seen yet: look once more at the given time."""

    looked_at: datetime
    at: datetime


def look_up(system: TicketSystem, key: str) -> list[Ticket]:
    """Returns what carries the key over there, oldest first.

    This is what keeps one incident from getting two tickets: it stands before every create.

    Raises:
        Refused: The answer holds tickets of other keys: it cannot be trusted.
        Unavailable: No definite answer.
    """
    found = system.find(key)
    strangers = [ticket.id for ticket in found if ticket.key != key]
    if strangers:
        raise Refused(
            f"look-up of incident {key[:12]} is not selective: it returned ticket "
            f"{strangers[0]} of another key; check the field that carries the incident key"
        )
    return found


def deliver(
    system: TicketSystem,
    message: OutboxMessage,
    linked: Ticket | None,
    *,
    in_doubt: bool,
    over: bool,
    now: datetime,
) -> Delivered | LookAgain:
    """Makes the foreign system show what the message says.

    Args:
        linked: The incident's ticket, if its id is known.
        in_doubt: An earlier attempt may have been done over there.
        over: The incident has ended meanwhile: nothing is created for it any more.

    Raises:
        Refused: For good.
        Unavailable: No definite answer; the message is in doubt from now on.
    """
    draft = message.draft
    if linked is not None:
        return _bring_up_to_date(system, linked, draft)
    found = look_up(system, draft.key)
    if found:
        chosen, others = choose(found)
        if in_doubt and draft.action is TicketAction.OPEN:
            return Delivered(chosen, duplicates=others, note=verbatim("found by its key"))
        return replace(_bring_up_to_date(system, chosen, draft), duplicates=others)
    settle = timedelta(seconds=system.settle_seconds)
    if in_doubt and system.can_find:
        looked_at = message.looked_at
        if looked_at is None or now < looked_at + settle:
            looked_at = looked_at or now
            return LookAgain(looked_at, looked_at + settle)
    if over or draft.action is TicketAction.RESOLVE:
        return Delivered(None, note=Phrase("over_before_ticket"))
    crashpoint("outbox.before_send")
    ticket = system.create(replace(draft, action=TicketAction.OPEN))
    crashpoint("outbox.after_send")
    return Delivered(ticket, created=True)


def choose(found: Sequence[Ticket]) -> tuple[Ticket, tuple[Ticket, ...]]:
    """Returns the ticket to go on with (the oldest open one, else the oldest) and the others.

    Args:
        found: At least one, oldest first.
    """
    chosen = next((ticket for ticket in found if ticket.is_open), found[0])
    return chosen, tuple(ticket for ticket in found if ticket.id != chosen.id)


def _bring_up_to_date(system: TicketSystem, ticket: Ticket, draft: TicketDraft) -> Delivered:
    action = draft.action
    if action is TicketAction.OPEN:  # one incident, one ticket: a second opening is a comment
        action = TicketAction.COMMENT if ticket.is_open else TicketAction.REOPEN
    if action is TicketAction.RESOLVE and not ticket.is_open:
        return Delivered(ticket, note=verbatim("already closed over there"))
    crashpoint("outbox.before_send")
    updated = system.update(ticket, replace(draft, action=action))
    crashpoint("outbox.after_send")
    return Delivered(updated)
