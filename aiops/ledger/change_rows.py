"""Rows of changes: an asset's is seen with the asset, a service's with any asset of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from aiops.domain.change import Change
from aiops.ledger.encode import dump, time_text
from aiops.ledger.tables import CHANGE
from aiops.ledger.upsert import upsert


def put(connection: Connection, change: Change) -> None:
    """Inserts or replaces by id."""
    row = {
        "id": change.id,
        "asset": change.asset,
        "service": change.service,
        "start_at": time_text(change.start),
        "end_at": time_text(change.end),
        "body": dump(change),
    }
    upsert(connection, CHANGE, [row])


def touching(start: datetime, end: datetime) -> Select[Any]:
    """Returns the query of changes that touch ``[start, end)``, by start."""
    query = select(CHANGE.c.body).where(
        CHANGE.c.start_at < time_text(end), CHANGE.c.end_at >= time_text(start)
    )
    return query.order_by(CHANGE.c.start_at, CHANGE.c.id)
