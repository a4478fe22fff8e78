"""What may be forgotten, and what never."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from aiops.domain.instant import to_ns
from aiops.ledger.encode import time_text
from aiops.ledger.tables import ANOMALY, CREDENTIAL, CROSSING_KEPT, DECISION, WINDOW


def prune(connection: Connection, before: datetime) -> int:
    """Deletes rows older than the given time; the newest window of each shard stays."""
    at = time_text(before)
    rest = WINDOW.alias("rest")
    last = (
        select(func.max(rest.c.window_end))
        .where(rest.c.shard == WINDOW.c.shard, rest.c.analysis == WINDOW.c.analysis)
        .scalar_subquery()
    )
    statements = (
        delete(DECISION).where(DECISION.c.last_at < at),
        delete(ANOMALY).where(ANOMALY.c.end_at < at),
        delete(CROSSING_KEPT).where(CROSSING_KEPT.c.origin < at),
        delete(CREDENTIAL).where(CREDENTIAL.c.expires_at < at),
        delete(WINDOW).where(WINDOW.c.window_end < to_ns(before), WINDOW.c.window_end < last),
    )
    return sum(connection.execute(statement).rowcount for statement in statements)
