"""The connection: pragmas, transactions, and the one lock of writers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import SQLAlchemyError

from aiops.contracts.errors import StoreError

_BUSY_SECONDS = 30
_WRITERS = 0x61696F7073
"""Number of PostgreSQL's advisory lock that our writers queue on: "aiops" in ASCII."""


def open_engine(url: str, *, durable: bool = True) -> Engine:
    """Returns an engine whose transactions begin when we say so.

    Source: SQLite documentation of WAL and ``synchronous``: FULL survives loss of power;
    a deferred transaction fails with BUSY at its first write whatever the time-out, so
    writers begin IMMEDIATE.
    """
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name != "sqlite":
        return engine

    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin on its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


class Connections:
    """Hands out connections: many readers, one writer at a time.

    Writers of this process queue on a lock; those of other processes on SQLite's own lock or,
    with PostgreSQL, on an advisory lock that ends with the transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._writing = threading.Lock()
        self._writer: int | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Gives a connection that sees one consistent state.

        Raises:
            StoreError: The database did not answer.
        """
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"the ledger cannot be read: {_reason(error)}") from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Gives the writer's connection; commits at the end, rolls back on any error.

        Raises:
            StoreError: Nothing was committed.
        """
        if self._writer == threading.get_ident():
            raise StoreError("a ledger transaction is open already; finish it before the next")
        with self._writing:
            self._writer = threading.get_ident()
            try:
                with self.engine.connect() as plain:
                    connection = plain.execution_options(writes=True)
                    with connection.begin():
                        if self.dialect != "sqlite":
                            _queue(connection)
                        yield connection
            except SQLAlchemyError as error:
                raise StoreError(f"the ledger cannot be written: {_reason(error)}") from error
            finally:
                self._writer = None


def _queue(connection: Connection) -> None:
    connection.execute(select(func.pg_advisory_xact_lock(_WRITERS)))


def _reason(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}"
