"""Rows of the outbox: what is to be told, in order, to each destination."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, insert, select, update

from aiops.contracts.errors import StoreError
from aiops.domain.ticket import OutboxMessage, OutboxState, TicketDraft
from aiops.ledger.encode import dump, fingerprint, load, read_time, time_text
from aiops.ledger.tables import OUTBOX

UNFINISHED = (OutboxState.PENDING, OutboxState.SENDING, OutboxState.UNKNOWN)


def enqueue(
    connection: Connection, destination: str, draft: TicketDraft, now: datetime
) -> OutboxMessage | None:
    """Adds a row under the next number; None when the newest row there says the same."""
    print_ = fingerprint(replace(draft, message_id=""))
    newest = connection.execute(
        select(OUTBOX.c.sequence, OUTBOX.c.fingerprint)
        .where(OUTBOX.c.incident_key == draft.key, OUTBOX.c.destination == destination)
        .order_by(OUTBOX.c.sequence.desc())
        .limit(1)
    ).first()
    if newest is not None and newest.fingerprint == print_:
        return None
    sequence = newest.sequence + 1 if newest is not None else 1
    number = f"{draft.key}:{destination}:{sequence}"
    message = OutboxMessage(
        number,
        destination,
        draft.key,
        replace(draft, message_id=number),
        OutboxState.PENDING,
        now,
        now,
        fingerprint=print_,
    )
    connection.execute(insert(OUTBOX), {"sequence": sequence, **_row(message)})
    return message


def put(connection: Connection, message: OutboxMessage) -> None:
    """Replaces a row by id.

    Raises:
        StoreError: There is no such row.
    """
    done = connection.execute(
        update(OUTBOX).where(OUTBOX.c.id == message.id).values(**_row(message))
    )
    if done.rowcount != 1:
        raise StoreError(f"outbox row {message.id} does not exist; only enqueue() makes rows")


def listed(
    connection: Connection, states: Sequence[str], destination: str | None, limit: int
) -> list[OutboxMessage]:
    """Returns rows in the given states, oldest first."""
    query = select(OUTBOX).where(OUTBOX.c.state.in_(list(states)))
    if destination is not None:
        query = query.where(OUTBOX.c.destination == destination)
    query = query.order_by(OUTBOX.c.created_at, OUTBOX.c.id).limit(limit)
    return [_read(row) for row in connection.execute(query)]


def of_incident(connection: Connection, key: str, destination: str | None) -> list[OutboxMessage]:
    """Returns every row of an incident, at one destination or at all, in order."""
    query = select(OUTBOX).where(OUTBOX.c.incident_key == key)
    if destination is not None:
        query = query.where(OUTBOX.c.destination == destination)
    query = query.order_by(OUTBOX.c.destination, OUTBOX.c.sequence)
    return [_read(row) for row in connection.execute(query)]


def due(
    connection: Connection, now: datetime, limit: int, destination: str | None
) -> list[OutboxMessage]:
    """Returns the oldest unfinished row of each incident and destination, if its time has come."""
    states = [state.value for state in UNFINISHED]
    before = OUTBOX.alias("before")
    earlier = exists().where(
        and_(
            before.c.incident_key == OUTBOX.c.incident_key,
            before.c.destination == OUTBOX.c.destination,
            before.c.sequence < OUTBOX.c.sequence,
            before.c.state.in_(states),
        )
    )
    query = (
        select(OUTBOX)
        .where(OUTBOX.c.state.in_(states), OUTBOX.c.next_at <= time_text(now), ~earlier)
        .order_by(OUTBOX.c.next_at, OUTBOX.c.id)
        .limit(limit)
    )
    if destination is not None:
        query = query.where(OUTBOX.c.destination == destination)
    return [_read(row) for row in connection.execute(query)]


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Returns destination and state to the number of rows."""
    query = select(OUTBOX.c.destination, OUTBOX.c.state, func.count()).group_by(
        OUTBOX.c.destination, OUTBOX.c.state
    )
    return {(name, state): int(n) for name, state, n in connection.execute(query)}


def _row(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "destination": message.destination,
        "incident_key": message.incident_key,
        "state": message.state.value,
        "created_at": time_text(message.created_at),
        "next_at": time_text(message.next_at),
        "attempts": message.attempts,
        "last_error": message.last_error,
        "ticket_id": message.ticket_id,
        "fingerprint": message.fingerprint,
        "looked_at": time_text(message.looked_at) if message.looked_at else None,
        "draft": dump(message.draft),
    }


def _read(row: Row[Any]) -> OutboxMessage:
    return OutboxMessage(
        row.id,
        row.destination,
        row.incident_key,
        load(TicketDraft, row.draft),
        OutboxState(row.state),
        read_time(row.created_at),
        read_time(row.next_at),
        row.attempts,
        row.last_error,
        row.ticket_id,
        row.fingerprint,
        read_time(row.looked_at) if row.looked_at else None,
    )
