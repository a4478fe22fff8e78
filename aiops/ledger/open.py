"""Opens the ledger: checks it, migrates it, gives the installation its id."""

import secrets
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from aiops.contracts.errors import StoreError
from aiops.ledger.encode import time_text
from aiops.ledger.engine import Connections, open_engine
from aiops.ledger.migrations import HEAD
from aiops.ledger.sql import SqlLedger
from aiops.ledger.tables import META
from aiops.ledger.upsert import insert_new


def open_ledger(url: str, now: datetime, *, durable: bool = True) -> SqlLedger:
    """Returns the ledger at a SQLAlchemy URL, creating or upgrading it as needed.

    Args:
        url: ``sqlite:///path`` or ``postgresql+psycopg://…``; ``sqlite://`` alone is a
            ledger in a temporary directory that goes with :meth:`SqlLedger.close`.
        durable: False trades survival of power loss for speed (``replay`` and tests).

    Raises:
        StoreError: It is damaged, written by a newer program, or does not answer. The
            message says how to restore it; the daemon then stops with exit code 65.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"the ledger's URL is not valid: {error}") from error
    on_close: Callable[[], None] = lambda: None  # noqa: E731  # replaced below
    path: Path | None = None
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            directory = tempfile.mkdtemp(prefix="aiops-ledger-")
            parsed = parsed.set(database=str(Path(directory, "ledger.db")))
            durable = False

            def on_close() -> None:
                shutil.rmtree(directory, ignore_errors=True)

        path = Path(str(parsed.database))
        path.parent.mkdir(parents=True, exist_ok=True)
    connections = Connections(
        open_engine(parsed.render_as_string(hide_password=False), durable=durable)
    )
    try:
        if path is not None:
            _quick_check(connections, path)
        _migrate(connections, path, now)
        installation = _installation(connections, now)
        return SqlLedger(connections, installation, on_close)
    except BaseException:
        connections.engine.dispose()
        raise


def open_for_reading(url: str) -> SqlLedger:
    """Returns a ledger that refuses every write; a daemon may be running on it.

    Nothing is created or upgraded.

    Raises:
        StoreError: There is none yet, it has another schema, or it does not answer.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"the ledger's URL is not valid: {error}") from error
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and not Path(str(parsed.database)).is_file():
        raise StoreError(f"there is no ledger at {parsed.database}; start `aiops run` first")
    engine = open_engine(parsed.render_as_string(hide_password=False))
    if sqlite:
        event.listen(engine, "connect", _refuse_writes)
    connections = Connections(engine)
    try:
        _check_schema(connections)
        with connections.read() as connection:
            query = select(META.c.value).where(META.c.name == "installation")
            installation = str(connection.execute(query).scalar_one())
    except BaseException:
        engine.dispose()
        raise
    return SqlLedger(connections, installation, lambda: None)


def _check_schema(connections: Connections) -> None:
    with connections.read() as connection:
        current = _revision(connection)
    if current != HEAD:
        raise StoreError(
            f"the ledger has schema {current}, this program reads {HEAD}: start the daemon "
            "of this version once, it upgrades the ledger"
        )


def _refuse_writes(connection: Any, _record: object) -> None:
    """Source: SQLite documentation of ``PRAGMA query_only``."""
    connection.execute("PRAGMA query_only=ON")


def _quick_check(connections: Connections, path: Path) -> None:
    """Source: SQLite documentation of ``PRAGMA quick_check``: all but the indexes' content."""
    try:
        with connections.engine.connect() as connection:
            found = connection.execute(text("PRAGMA quick_check(1)")).scalar()
    except DBAPIError as error:
        found = str(error.orig)
    if found != "ok":
        raise StoreError(
            f"the ledger {path} is damaged ({found}); nothing in it is guessed: set it aside "
            "and run `aiops restore BACKUP`, or remove it to begin without history"
        )


def _migrate(connections: Connections, path: Path | None, now: datetime) -> None:
    with connections.read() as connection:
        current = _revision(connection)
    if current == HEAD:
        return
    if current is not None and current > HEAD:
        raise StoreError(
            f"the ledger has schema {current}, this program knows {HEAD}: it was written by a "
            "newer version; install that version, or restore the back-up made before the upgrade"
        )
    if current is not None and path is not None:
        _copy(connections, path, current, now)
    with connections.write() as connection:
        if _revision(connection) != HEAD:  # another process may have been first
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _copy(connections: Connections, path: Path, current: str, now: datetime) -> None:
    """Copies the file first, so that an upgrade can be taken back (G22)."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    copy = path.with_name(f"{path.name}.schema-{current}-{stamp}")
    with connections.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if raw is not None:
            raw.execute("VACUUM INTO ?", (str(copy),))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _installation(connections: Connections, now: datetime) -> str:
    query = select(META.c.value).where(META.c.name == "installation")
    with connections.read() as connection:
        found = connection.execute(query).scalar()
    if found is None:
        with connections.write() as connection:
            for name, value in (
                ("installation", secrets.token_hex(16)),
                ("created_at", time_text(now)),
            ):
                insert_new(connection, META, {"name": name, "value": value})
            found = connection.execute(query).scalar_one()
    return str(found)
