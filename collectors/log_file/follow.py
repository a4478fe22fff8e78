"""Whole new lines of files that grow, are cut off, or are moved away and begun anew."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Final

MOST_FILES: Final = 64
"""Files followed at once: those written to last."""

Place = tuple[int, int]
"""Inode and offset up to which a file was read."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of one file and the place behind them.

    Attributes:
        whole: Whether there was no more to read.
        skipped: Lines that were too long.
    """

    path: str
    lines: list[str]
    place: Place
    whole: bool = True
    skipped: int = 0


def find_files(pattern: str) -> list[str]:
    """Returns the regular files of a pattern, at most :data:`MOST_FILES`, in order."""
    found = []
    # A pattern may be absolute, which Path.glob refuses.
    for path in glob(pattern):  # noqa: PTH207
        try:
            about = Path(path).stat()
        except OSError:
            continue
        if stat.S_ISREG(about.st_mode):
            found.append((-about.st_mtime_ns, path))
    return sorted(path for _, path in sorted(found)[:MOST_FILES])


def read_new(path: str, known: Mapping[str, Place], most: int, from_end: bool) -> list[Piece]:
    """Returns what was appended since the known place.

    A file moved to ``<path>.1`` (as logrotate does) is first read to its end.

    Args:
        from_end: Whether a file that was never seen is taken up at its end.

    Raises:
        OSError: It cannot be read.
    """
    with Path(path).open("rb") as file:
        about = os.fstat(file.fileno())
        if path not in known and from_end:
            return [Piece(path, [], (about.st_ino, about.st_size))]
        inode, offset = known.get(path, (about.st_ino, 0))
        before: list[Piece] = []
        if inode != about.st_ino:
            before, offset = _rest(path, (inode, offset), most), 0
            if before and not before[0].whole:
                return before
        elif offset > about.st_size:
            offset = 0
        return [*before, _read(path, file.fileno(), about.st_ino, offset, most)]


def _rest(path: str, place: Place, most: int) -> list[Piece]:
    """Returns the end of the file that stood here before, if it was only moved."""
    try:
        with Path(f"{path}.1").open("rb") as file:
            if os.fstat(file.fileno()).st_ino != place[0]:
                return []
            return [_read(path, file.fileno(), place[0], place[1], most)]
    except OSError:
        return []


def _read(path: str, handle: int, inode: int, offset: int, most: int) -> Piece:
    text = os.pread(handle, most, offset)
    end = text.rfind(b"\n") + 1
    if not end and len(text) == most:
        # A line without an end in sight; what is left of it will be a line of its own.
        return Piece(path, [], (inode, offset + most), whole=False, skipped=1)
    lines = text[:end].decode("utf-8", "replace").splitlines()
    return Piece(path, lines, (inode, offset + end), len(text) < most)
