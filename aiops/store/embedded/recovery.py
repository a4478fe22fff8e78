"""Opens a DuckDB file whatever happened to it: damage is cut off or set aside, never deleted.

DuckDB refuses to open a database whose log holds one bad byte and names the position of the
first entry that is damaged. Everything before it is whole.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from aiops.contracts.errors import StoreError

_POSITION = re.compile(r"at byte position (\d+)")
_HEADER_END: Final = b"\xff\xff"
_HEADER_MOST: Final = 256
_HELD: Final = ("conflicting lock", "could not set lock")
LACKS: Final = ("no space left", "out of memory", "too many open files", "permission denied")
"""Words of errors that are no damage: something is lacking now."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that was set aside when the store was opened.

    Attributes:
        file: What was damaged.
        kept: Where the damaged part lies now.
        size: Its bytes.
    """

    file: str
    kept: str
    size: int
    reason: str


def open_whole(path: Path, connect: Callable[[], Any]) -> tuple[Any, list[Damage]]:
    """Connects, cutting or setting aside what is damaged.

    The log is cut at the reported position and its tail kept beside it. A log that still will
    not replay is set aside, then the database file itself, and a new one is begun.

    Raises:
        StoreError: It cannot be opened for a reason that is no damage.
    """
    found: list[Damage] = []
    wal = path.with_name(path.name + ".wal")
    torn = find_torn_entry(wal)
    if torn is not None:
        found.append(_cut_tail(wal, torn, "the entry at this position is not whole"))
    while True:
        try:
            return connect(), found
        except duckdb.Error as error:
            text = str(error)
            _refuse_other_reasons(path, text)
            position = _POSITION.search(text)
            cut = int(position[1]) if position else None
            if wal.exists() and cut is not None and cut < wal.stat().st_size:
                found.append(_cut_tail(wal, cut, text))
            elif wal.exists():
                found.append(set_aside(wal, text))
            elif path.exists():
                found.append(set_aside(path, text))
            else:
                raise StoreError(f"{path}: cannot be opened: {text}") from error


def find_torn_entry(wal: Path) -> int | None:
    """Returns the position of the first entry that does not fit into the log, None when all do.

    DuckDB drops such a tail without a word when it opens, be it the last write before a crash
    or a damaged length with whole entries after it; so it is looked for before.

    An entry is its length and its checksum (8 bytes each), then its content; the header of
    the file ends with ``ff ff``. Source: ``write_ahead_log.cpp`` and logs of DuckDB 2.0.
    """
    if not wal.exists() or not (size := wal.stat().st_size):
        return None
    with wal.open("rb") as log:
        head = log.read(_HEADER_MOST)
        at = head.find(_HEADER_END)
        while at >= 0 and not _is_entry(head, at + 2, size):
            at = head.find(_HEADER_END, at + 1)
        if at < 0:
            return None
        position = at + 2
        while position < size:
            log.seek(position)
            length = int.from_bytes(log.read(8), "little")
            if not 0 < length <= size - position - 16:
                return position
            position += 16 + length
    return None


def _is_entry(head: bytes, at: int, size: int) -> bool:
    return 0 < int.from_bytes(head[at : at + 8], "little") <= size - at - 16


def set_aside(path: Path, reason: str) -> Damage:
    """Renames a file to ``*.corrupt-<time of its last change>``."""
    size = path.stat().st_size
    kept = _free_name(path, "corrupt")
    path.rename(kept)
    sync_directory(path.parent)
    return Damage(path.name, kept.name, size, reason)


def _refuse_other_reasons(path: Path, text: str) -> None:
    low = text.lower()
    if any(word in low for word in _HELD):
        raise StoreError(
            f"{path}: another process has it open; stop that process, or ask it over HTTP ({text})"
        )
    if any(word in low for word in LACKS):
        raise StoreError(f"{path}: cannot be opened now: {text}")


def _cut_tail(wal: Path, position: int, reason: str) -> Damage:
    kept = _free_name(wal, "cut")
    with wal.open("r+b") as log:
        log.seek(position)
        tail = log.read()
        with kept.open("xb") as evidence:
            evidence.write(tail)
            evidence.flush()
            os.fsync(evidence.fileno())
        log.truncate(position)
        os.fsync(log.fileno())
    sync_directory(wal.parent)
    return Damage(wal.name, kept.name, len(tail), reason)


def _free_name(path: Path, what: str) -> Path:
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    stem = f"{path.name}.{what}-{changed:%Y%m%dT%H%M%S}"
    kept, count = path.with_name(stem), 1
    while kept.exists():
        kept, count = path.with_name(f"{stem}.{count}"), count + 1
    return kept


def sync_directory(directory: Path) -> None:
    """Makes renames in a directory durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
