"""Samples on disk until a remote store is known to have them: one SQLite file.

Each row is one batch, written with one durable commit. Rows leave when the store has been
seen to hold them, when the bound is reached (oldest first, counted), or when the store refuses
them for good (set aside, readable).

Source: SQLite documentation: WAL with ``synchronous=FULL`` survives loss of power.
"""

import contextlib
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from aiops.contracts.errors import StoreError
from aiops.domain.series import Samples
from aiops.store.blobs import decode, encode
from aiops.store.losses import NOBODY, SCHEMA, Aside, Loss, Losses

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS batch (seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,
  late INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, n INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  data BLOB NOT NULL);
"""
_ROW_BYTES: Final = 64
_PAGE: Final = 4096
_LOG_BYTES: Final = 16 << 20
_HELD_BYTES: Final = 32 << 20
"""Newest batches kept in memory beside the disk, so that live data is not read from it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One batch that waits.

    Attributes:
        at: When it came, seconds since 1970.
        late: It may hold a sample that replaces one of an earlier batch.
        first, last: Times of its oldest and newest sample, ns.
        bytes: Size on disk.
    """

    seq: int
    at: float
    late: bool
    first: int
    last: int
    n: int
    bytes: int


class Spool:
    """A bounded queue of batches that survives a crash.

    Args:
        path: Its file; a damaged one is set aside under another name.
        max_bytes: Beyond it the oldest batches are dropped.
        max_age_ns: A batch that has waited this long is dropped.
        clock: Gives seconds since 1970.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        max_age_ns: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.clock = clock
        self._max_bytes, self._max_age = max_bytes, max_age_ns
        self._lock = threading.RLock()
        self.rows: dict[int, Row] = {}
        self._held: dict[int, Samples] = {}
        self._held_bytes = 0
        self.bytes = 0
        self.damaged: str = ""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            self.damaged = self._set_file_aside(error)
            self._db = self._open()
        self.losses = Losses(self._db)

    def put(self, samples: Samples, *, late: bool) -> int:
        """Makes a batch durable.

        Raises:
            StoreError: It is not: the disk is full, or fails.
        """
        data = encode(samples)
        first, last = int(samples.times.min()), int(samples.times.max())
        now = self.clock()
        with self._writing("samples cannot wait on disk"):
            cursor = self._db.execute(
                "INSERT INTO batch (at, late, first, last, n, crc, data) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (now, int(late), first, last, len(samples), zlib.crc32(data), data),
            )
            seq = int(cursor.lastrowid or 0)
        with self._lock:
            row = Row(seq, now, late, first, last, len(samples), len(data) + _ROW_BYTES)
            self.rows[seq] = row
            self.bytes += row.bytes
            if self._held_bytes < _HELD_BYTES:
                self._held[seq] = decode(data, len(samples))  # the caller's may change
                self._held_bytes += len(data)
            self._keep_bound(now)
        return seq

    def read(self, seqs: Sequence[int]) -> list[Samples | None]:
        """Returns batches in the order asked for; None where one is damaged or gone."""
        found: list[Samples | None] = []
        with self._lock:
            for seq in seqs:
                if seq in self._held:
                    found.append(self._held[seq])
                    continue
                row = self._db.execute("SELECT n, crc, data FROM batch WHERE seq = ?", (seq,))
                held = row.fetchone()
                whole = held is not None and zlib.crc32(held[2]) == held[1]
                found.append(decode(held[2], held[0]) if whole else None)
        return found

    def remove(self, seqs: Sequence[int]) -> None:
        """Forgets batches that the store has."""
        with self._writing("batches cannot be removed"):
            self._db.executemany("DELETE FROM batch WHERE seq = ?", [(seq,) for seq in seqs])
        with self._lock:
            for seq in seqs:
                self._forget(seq)
            if not self.rows:
                self._shrink()

    def part(self, seq: int, keep: Samples, aside: Samples, reason: str) -> None:
        """Takes out of a batch what the store will never take; a person may look at it."""
        data = encode(keep)
        with self._writing("samples cannot be set aside"):
            self.losses.set_aside(aside, reason)
            if len(keep):
                self._db.execute(
                    "UPDATE batch SET n = ?, crc = ?, data = ? WHERE seq = ?",
                    (len(keep), zlib.crc32(data), data, seq),
                )
            else:
                self._db.execute("DELETE FROM batch WHERE seq = ?", (seq,))
        with self._lock:
            old = self._forget(seq)
            if old is not None and len(keep):
                row = replace(old, n=len(keep), bytes=len(data) + _ROW_BYTES)
                self.rows[seq] = row
                self.bytes += row.bytes

    def drop_damaged(self, rows: Sequence[Row]) -> None:
        """Forgets batches that can no longer be read."""
        with self._writing("damaged batches cannot be dropped"):
            for row in rows:
                self._db.execute("DELETE FROM batch WHERE seq = ?", (row.seq,))
                self.losses.count_of(NOBODY, row.n, Loss.DAMAGED)
        with self._lock:
            for row in rows:
                self._forget(row.seq)

    def refused(self) -> list[Aside]:
        """Returns what was set aside, oldest first."""
        with self._lock:
            return self.losses.lots()

    def requeue(self, numbers: Collection[int]) -> int:
        """Lets lots that were set aside wait again; returns how many samples that are."""
        taken = [each for each in self.refused() if each.number in numbers]
        for each in taken:  # first safe, then out: cut off in between, it is sent twice
            self.put(each.samples, late=True)
        with self._writing("samples cannot be taken back"):
            self.losses.take([each.number for each in taken])
        return sum(len(each.samples) for each in taken)

    def discard(self, numbers: Collection[int]) -> int:
        """Throws lots that were set aside away; returns how many samples that were."""
        with self._writing("samples cannot be thrown away"):
            return self.losses.discard(numbers)

    @property
    def waiting(self) -> int:
        """How many samples there are."""
        with self._lock:
            return sum(row.n for row in self.rows.values())

    def close(self) -> None:
        """Closes the file; what waits, waits for the next start."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._db.close()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        try:
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # only counts before all else
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")
            db.executescript(_SCHEMA + SCHEMA)
            _check(db)
            rows = db.execute("SELECT seq, at, late, first, last, n, length(data) FROM batch")
            for seq, at, late, first, last, n, size in rows:
                self.rows[seq] = Row(seq, at, bool(late), first, last, n, size + _ROW_BYTES)
        except sqlite3.DatabaseError:
            db.close()
            self.rows.clear()
            raise
        self.bytes = sum(row.bytes for row in self.rows.values())
        return db

    def _set_file_aside(self, error: sqlite3.DatabaseError) -> str:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.corrupt-{number}")).exists():
            number += 1
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(f"{aside}{suffix}")
        return f"{self.path} was damaged ({error}) and is now {aside}"

    def _keep_bound(self, now: float) -> None:
        oldest_allowed = now - self._max_age / 1e9
        gone: list[Row] = []
        left = self.bytes
        for seq in sorted(self.rows):
            row = self.rows[seq]
            if left <= self._max_bytes and row.at >= oldest_allowed:
                break
            left -= row.bytes
            gone.append(row)
        if not gone:
            return
        batches = self.read([row.seq for row in gone])
        with self._writing("old batches cannot be dropped"):
            for row, samples in zip(gone, batches, strict=True):
                self._db.execute("DELETE FROM batch WHERE seq = ?", (row.seq,))
                if samples is None:
                    self.losses.count_of(NOBODY, row.n, Loss.DAMAGED)
                else:
                    too_old = row.at < oldest_allowed
                    self.losses.count(samples, Loss.OLD if too_old else Loss.FULL)
        for row in gone:
            self._forget(row.seq)

    def _shrink(self) -> None:
        """Gives an outage's space back, once nothing waits any more."""
        with contextlib.suppress(sqlite3.Error):
            free = self._db.execute("PRAGMA freelist_count").fetchone()[0]
            if free * _PAGE > _LOG_BYTES:
                self._db.executescript("PRAGMA incremental_vacuum")  # execute() does one page

    def _forget(self, seq: int) -> Row | None:
        row = self.rows.pop(seq, None)
        self.bytes -= row.bytes if row else 0
        held = self._held.pop(seq, None)
        self._held_bytes -= 24 * len(held) if held is not None else 0
        return row

    @contextlib.contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise StoreError(f"{self.path}: {what}: {error}") from error


def _check(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)
