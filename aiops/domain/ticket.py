"""An incident's image in a foreign system, and the intent to change it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OutboxState(StrEnum):
    """Life of one intended message; UNKNOWN means "sent, but no definite answer"."""

    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"
    PARKED = "parked"


class TicketAction(StrEnum):
    """What the foreign system should show."""

    OPEN = "open"
    COMMENT = "comment"
    RESOLVE = "resolve"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """What is sent; already plain text, cut to length by the adapter in characters.

    Attributes:
        key: The incident's key: the idempotency key over there.
        message_id: Id of the outbox row, stable over retries.
        priority: 1 (critical) to 5 (planning), ITIL impact × urgency.
        due: Latest safe start, if any.
        url: Address of the incident's page here.
        category, service: As far as they are known.
        group, assignee: Who it was given to, as far as it was.
    """

    key: str
    message_id: str
    action: TicketAction
    subject: str
    body: str
    priority: int = 3
    due: datetime | None = None
    url: str = ""
    category: str = ""
    service: str = ""
    group: str = ""
    assignee: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it stands in the foreign system.

    Attributes:
        id: Identifier over there.
        status: Their word; ``is_open`` is our reading of it.
        version: ETag, updated-at or number by which an older state is recognised.
    """

    destination: str
    id: str
    key: str
    status: str
    is_open: bool
    url: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """An intended change of one ticket, stored in the transaction that decided it.

    Attributes:
        id: Stable over retries; ``<incident key>:<destination>:<sequence>``.
        attempts: How often it was tried.
        next_at: Not before this time.
        fingerprint: Hash of the draft, so that an equal message is not queued twice.
        looked_at: When, in doubt, a first look-up found nothing; another one not earlier than
            the destination's settle time must find nothing too before a create.
    """

    id: str
    destination: str
    incident_key: str
    draft: TicketDraft
    state: OutboxState
    created_at: datetime
    next_at: datetime
    attempts: int = 0
    last_error: str = ""
    ticket_id: str = ""
    fingerprint: str = ""
    looked_at: datetime | None = None
