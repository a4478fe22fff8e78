"""One DuckDB database of one process: lock, connection, a cursor for each thread."""

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb

from aiops.contracts.errors import StoreError
from aiops.store.embedded.recovery import Damage, open_whole
from aiops.store.embedded.settings import DuckdbSettings

FILE: Final = "samples.duckdb"
_INVALIDATED: Final = "has been invalidated"
ResultT = TypeVar("ResultT")


class Database:
    """Keeps one connection open, and opens it again after a fatal error.

    DuckDB's results stream, so every statement is fetched at once, and each thread has a
    cursor of its own.
    """

    def __init__(self, directory: Path, settings: DuckdbSettings) -> None:
        self.path = directory / FILE
        self.damage: list[Damage] = []
        self.reopened = 0
        self._settings = settings
        self._local = threading.local()
        self._guard = threading.RLock()
        self._connection: Any = None
        self._generation = 0
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = _take_lock(directory / "store.lock")
        except OSError as error:
            raise StoreError(f"{directory}: cannot be used: {error}") from error
        try:
            self._open()
        except BaseException:
            os.close(self._lock)
            raise

    def _open(self) -> None:
        settings = self._settings
        config: dict[str, Any] = {
            "memory_limit": settings.memory_limit,
            "checkpoint_threshold": settings.wal_checkpoint,
        }
        if settings.threads > 0:
            config["threads"] = settings.threads
        self._connection, found = open_whole(
            self.path, lambda: duckdb.connect(str(self.path), config=config)
        )
        self.damage += found
        self._generation += 1

    def cursor(self) -> Any:
        """Returns this thread's cursor.

        Raises:
            StoreError: The store is closed.
        """
        local = self._local
        if getattr(local, "generation", None) != self._generation:
            with self._guard:
                if self._connection is None:
                    raise StoreError(f"{self.path}: the store is closed")
                local.cursor = self._connection.cursor()
                local.generation = self._generation
        return local.cursor

    def run(self, work: Callable[[Any], ResultT]) -> ResultT:
        """Runs ``work(cursor)``; after a fatal error once more on a fresh connection.

        Raises:
            StoreError: The engine could not do it. Nothing of a transaction is kept.
        """
        cursor = self.cursor()
        generation = self._generation
        try:
            return work(cursor)
        except duckdb.Error as error:
            with contextlib.suppress(duckdb.Error):
                cursor.execute("ROLLBACK")
            if not _is_fatal(error):
                raise StoreError(f"{self.path}: {error}") from error
        self._reopen(generation)
        cursor = self.cursor()
        try:
            return work(cursor)
        except duckdb.Error as error:
            with contextlib.suppress(duckdb.Error):
                cursor.execute("ROLLBACK")
            raise StoreError(f"{self.path}: {error}") from error

    def _reopen(self, generation: int) -> None:
        with self._guard:
            if self._generation != generation or self._connection is None:
                return
            with contextlib.suppress(duckdb.Error):
                self._connection.close()
            self.reopened += 1
            try:
                self._open()
            except duckdb.Error as error:
                raise StoreError(f"{self.path}: cannot be opened again: {error}") from error

    @property
    def generation(self) -> int:
        """Changes whenever the database was opened anew."""
        return self._generation

    def close(self) -> None:
        """Closes the connection and gives the lock back; never raises."""
        with self._guard:
            if self._connection is None:
                return
            with contextlib.suppress(duckdb.Error):
                self._connection.close()
            self._connection = None
            self._generation += 1
            with contextlib.suppress(OSError):
                os.close(self._lock)


def _is_fatal(error: duckdb.Error) -> bool:
    return isinstance(error, duckdb.FatalException) or _INVALIDATED in str(error)


def _take_lock(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(handle, 32).decode("ascii", "replace").strip()
        os.close(handle)
        raise StoreError(
            f"{path.parent}: another process has it open (process {holder or 'unknown'}); "
            "stop it, or ask it over HTTP"
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
    return handle
