"""The audit log: each row's digest covers the row before it."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, func, insert, select

from aiops.contracts.ledger import AuditRow
from aiops.ledger.encode import canonical, plain, read_time, time_text
from aiops.ledger.tables import AUDIT, META
from aiops.ledger.upsert import upsert

_HEAD = "audit_head"
"""Number and digest of the last row, so that rows cut off the end are missed too."""


def append(
    connection: Connection,
    at: datetime,
    who: str,
    what: str,
    subject: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Appends a row and moves the head."""
    newest = connection.execute(
        select(AUDIT.c.number, AUDIT.c.digest).order_by(AUDIT.c.number.desc()).limit(1)
    ).first()
    row: dict[str, Any] = {
        "number": newest.number + 1 if newest else 1,
        "at": time_text(at),
        "who": who,
        "what": what,
        "subject": subject,
        "before": canonical(plain(before)),
        "after": canonical(plain(after)),
    }
    row["digest"] = _digest(newest.digest if newest else "", row)
    connection.execute(insert(AUDIT), row)
    upsert(connection, META, [{"name": _HEAD, "value": f"{row['number']} {row['digest']}"}])


def rows(connection: Connection, limit: int) -> list[AuditRow]:
    """Returns the newest rows first."""
    query = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
    return [
        AuditRow(
            read_time(row.at),
            row.who,
            row.what,
            row.subject,
            orjson.loads(row.before),
            orjson.loads(row.after),
            row.digest,
        )
        for row in connection.execute(query)
    ]


def verify(connection: Connection) -> int | None:
    """Returns the number of the first row that was edited, removed or moved, None when whole."""
    digest, number = "", 0
    for row in connection.execute(select(AUDIT).order_by(AUDIT.c.number)):
        number += 1
        if row.number != number or row.digest != _digest(digest, _fields(row)):
            return number
        digest = row.digest
    head = connection.execute(select(META.c.value).where(META.c.name == _HEAD)).scalar()
    if (head or "0 ") != f"{number} {digest}":
        return number + 1
    return None


def count(connection: Connection) -> int:
    """Returns the number of rows."""
    return int(connection.execute(select(func.count()).select_from(AUDIT)).scalar_one())


def _fields(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "digest"}  # noqa: SLF001  # SQLAlchemy's public name


def _digest(previous: str, row: Mapping[str, Any]) -> str:
    return hashlib.sha256((previous + canonical(dict(row))).encode()).hexdigest()
