"""The leader's lease and its fencing token, which only ever grows."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from aiops.contracts.errors import Fenced
from aiops.ledger.encode import time_text
from aiops.ledger.tables import LEASE
from aiops.ledger.upsert import upsert

_NAME = "leader"
_NEVER = "0001-01-01T00:00:00.000000+00:00"


def acquire(connection: Connection, owner: str, ttl: timedelta, now: datetime) -> int | None:
    """Takes or renews the lease; a new holder, or one whose lease had ended, gets a new token."""
    row = connection.execute(select(LEASE).where(LEASE.c.name == _NAME)).first()
    at = time_text(now)
    held = row is not None and row.expires_at > at
    if row is not None and held and row.owner != owner:
        return None
    token = 1 if row is None else row.token + (0 if held else 1)
    upsert(
        connection,
        LEASE,
        [{"name": _NAME, "owner": owner, "token": token, "expires_at": time_text(now + ttl)}],
    )
    return token


def release(connection: Connection, owner: str) -> None:
    """Ends the lease if this owner holds it; the token stays, so that the next one is greater."""
    connection.execute(
        update(LEASE).where(LEASE.c.name == _NAME, LEASE.c.owner == owner).values(expires_at=_NEVER)
    )


def check(connection: Connection, fence: int) -> None:
    """Raises :class:`Fenced` unless the token is the newest."""
    row = connection.execute(select(LEASE.c.token, LEASE.c.owner)).first()
    if row is None or row.token != fence:
        holder = f"{row.owner} holds token {row.token}" if row else "no lease was ever taken"
        raise Fenced(f"token {fence} is not the leader's: {holder}; stop and acquire it anew")
