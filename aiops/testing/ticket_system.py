"""The published checker of ticket systems: what every one of them must keep."""
# ruff: noqa: S101  # a checker speaks in assertions, as the tests that call it

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from aiops.contracts.errors import Refused
from aiops.contracts.ticket_system import TicketSystem
from aiops.domain.ticket import Ticket, TicketAction, TicketDraft

MakeSystem = Callable[[], TicketSystem]


def check_ticket_system(make_system: MakeSystem) -> None:
    """Runs every check against a foreign system that answers; it makes a few real tickets.

    Raises:
        AssertionError: A promise of :class:`aiops.contracts.ticket_system.TicketSystem` is
            not kept.
    """
    system = make_system()
    try:
        assert isinstance(system, TicketSystem), "it must have every method of the contract"
        assert system.settle_seconds >= 0
        if system.can_find:
            _check_find(system)
        _check_life(system)
    finally:
        system.close()
        system.close()  # closing twice does no harm


def example_draft(action: TicketAction = TicketAction.OPEN) -> TicketDraft:
    """Returns a draft of an incident that no system has seen before."""
    key = secrets.token_hex(32)
    return TicketDraft(
        key,
        f"{key}:check:1",
        action,
        "db-07: disk will be full 磁盘将满 🛠 <b>&\"'",
        "First line\nSecond line 第二行\nIncident: " + key,
        2,
        datetime(2026, 1, 6, 8, tzinfo=UTC),
        "http://aiops.test/incidents/1",
    )


def _check_find(system: TicketSystem) -> None:
    draft = example_draft()
    assert system.find(draft.key) == [], "a key that was never sent must not be found"
    made = system.create(draft)
    found = system.find(draft.key)
    assert [each.id for each in found] == [made.id], "what was created must be found by its key"
    assert found[0].key == draft.key, "a found ticket must carry the key"
    system.update(found[0], _next(draft, TicketAction.RESOLVE))
    closed = system.find(draft.key)
    assert [each.id for each in closed] == [made.id], "a closed ticket must be found too"
    assert not closed[0].is_open, "a resolved ticket must not be open"


def _check_life(system: TicketSystem) -> None:
    draft = example_draft()
    ticket = system.create(draft)
    assert ticket.id, "a created ticket must have an id"
    assert ticket.key == draft.key
    assert ticket.is_open, "a new ticket must be open"
    for action, is_open in (
        (TicketAction.COMMENT, True),
        (TicketAction.RESOLVE, False),
        (TicketAction.RESOLVE, False),
        (TicketAction.REOPEN, True),
    ):
        ticket = _updated(system, ticket, _next(draft, action))
        assert ticket.is_open == is_open, f"after {action.value} open must be {is_open}"


def _next(draft: TicketDraft, action: TicketAction) -> TicketDraft:
    return replace(draft, action=action, message_id=f"{draft.key}:check:{secrets.token_hex(4)}")


def _updated(system: TicketSystem, ticket: Ticket, draft: TicketDraft) -> Ticket:
    updated = system.update(ticket, draft)
    assert updated.id == ticket.id, "an update must stay with its ticket"
    if system.can_find:
        try:
            read = system.fetch(ticket.id)
        except Refused:  # it has no address of a single ticket, and says so
            return updated
        assert read is not None, "a ticket must be readable by its id"
        assert read.is_open == updated.is_open, "an update must return what is then read"
    return updated
