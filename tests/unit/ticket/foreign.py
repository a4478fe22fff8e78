"""A foreign ticket system in process: it commits, and answers as it is told."""

from dataclasses import replace

from aiops.contracts.errors import Unavailable
from aiops.domain.ticket import Ticket, TicketAction


class Killed(BaseException):
    """The process dies here: nothing below may catch it."""


class ForeignSystem:
    """Keeps tickets in a list that outlives the service's restarts."""

    settle_seconds = 5.0
    can_find = True

    def __init__(self):
        self.tickets = []
        self.drafts = []
        self.answers = []  # one per request: None or an error raised after the commit
        self.refuses_before = []  # one per request: None or an error raised before the commit
        self.hidden_until_looked_up = 0

    def create(self, draft):
        self._before()
        ticket = Ticket("", str(len(self.tickets) + 1), draft.key, "new", is_open=True)
        self.tickets.append(ticket)
        self.drafts.append(draft)
        return self._after(ticket)

    def find(self, key):
        if self.hidden_until_looked_up > 0:
            self.hidden_until_looked_up -= 1
            return []
        return [ticket for ticket in self.tickets if ticket.key == key]

    def update(self, ticket, draft):
        self._before()
        is_open = draft.action is not TicketAction.RESOLVE
        updated = replace(ticket, status="open" if is_open else "resolved", is_open=is_open)
        self.tickets = [updated if each.id == ticket.id else each for each in self.tickets]
        self.drafts.append(draft)
        return self._after(updated)

    def fetch(self, ticket_id):
        return next((ticket for ticket in self.tickets if ticket.id == ticket_id), None)

    def close(self):
        pass

    def _before(self):
        error = self.refuses_before.pop(0) if self.refuses_before else None
        if error is not None:
            raise error

    def _after(self, ticket):
        error = self.answers.pop(0) if self.answers else None
        if error is not None:
            raise error
        return ticket


def lost():
    """An answer that never arrived."""
    return Unavailable("no answer")
