"""``INSERT … ON CONFLICT``, which SQLite and PostgreSQL share."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from aiops.contracts.errors import StoreError


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], newer: str = ""
) -> None:
    """Inserts rows or replaces those of the same primary key.

    Args:
        newer: Column; a row whose value there is less than the stored one is passed over.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key.columns]
    statement = _insert(connection, table)
    others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    if others:
        condition = statement.excluded[newer] >= table.c[newer] if newer else None
        statement = statement.on_conflict_do_update(
            index_elements=keys, set_=others, where=condition
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    connection.execute(statement, list(rows))


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Inserts a row; False when one of the same primary key is there already."""
    keys = [column.name for column in table.primary_key.columns]
    statement = _insert(connection, table).on_conflict_do_nothing(index_elements=keys)
    answer = connection.execute(statement.returning(table.c[keys[0]]), dict(row))
    return answer.first() is not None  # drivers do not agree on the count of rows


def _insert(connection: Connection, table: Table) -> Any:
    match connection.dialect.name:
        case "sqlite":
            return sqlite.insert(table)
        case "postgresql":
            return postgresql.insert(table)
        case other:
            raise StoreError(f"the ledger runs on sqlite or postgresql, not on {other}")
