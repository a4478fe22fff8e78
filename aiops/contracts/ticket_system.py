"""Ticket systems: one foreign system each, no retry inside."""

from typing import Protocol, runtime_checkable

from aiops.domain.ticket import Ticket, TicketDraft


@runtime_checkable
class TicketSystem(Protocol):
    """Maps drafts to one foreign system.

    Adapters follow no redirects and are done only when they hold the ticket's id. They never
    retry: the outbox does, and it looks up before it creates whenever a doubt remains.

    Attributes:
        settle_seconds: How long after a request its effect may stay invisible to ``find``.
        can_find: Whether ``find`` is a real look-up (a plain webhook has none).
    """

    settle_seconds: float
    can_find: bool

    def create(self, draft: TicketDraft) -> Ticket:
        """Creates the ticket.

        Raises:
            Refused: For good (bad request, rights); the row is parked and shown.
            Unavailable: No definite answer; the outbox will look up by key.
        """
        ...

    def find(self, key: str) -> list[Ticket]:
        """Returns every ticket that carries the incident key, oldest first.

        Raises:
            Unavailable: No definite answer.
            Refused: The look-up itself is not allowed or not selective.
        """
        ...

    def update(self, ticket: Ticket, draft: TicketDraft) -> Ticket:
        """Comments on, resolves or reopens the ticket; repeating it does no harm.

        Raises:
            Refused, Unavailable: As for ``create``.
        """
        ...

    def fetch(self, ticket_id: str) -> Ticket | None:
        """Returns the ticket as it stands, None when it is gone."""
        ...

    def close(self) -> None:
        """Releases what it holds; never raises."""
        ...
