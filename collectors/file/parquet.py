"""Parquet: whole files in the order they were finished, a row group at a time.

A Parquet file has its directory at its end, so none can be followed while it is written: one that
grows is a folder into which finished files are put, or a file that is replaced by a longer one.
"""

import os
import stat
from collections import Counter
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from aiops.contracts.collector import Collection, Cursor
from aiops.contracts.errors import Unreachable
from collectors.file.rows import RowReader, Sample
from collectors.file.settings import FileSettings

SUFFIX: Final = ".parquet"
_MAX_FILES: Final = 10_000

_Place = tuple[int, str]
"""When a file was finished in ns, and its name: the order in which files are read."""


def read_parquet(settings: FileSettings, reader: RowReader, cursor: Cursor) -> Collection:
    """Reads the next row groups, ``max_bytes`` of them before compression at most.

    A file that cannot be read, or is still being written, costs no other: it is counted, and read
    when it has changed.

    Raises:
        Unreachable: There is nothing there, or the first file is not what it should be.
    """
    done = int(cursor.get("time", "0")), cursor.get("name", "")
    group = int(cursor.get("group", "0"))
    found: list[Sample] = []
    dropped: Counter[str] = Counter()
    left = settings.max_bytes
    files = _files(settings.path)
    for place in files:
        # A file of which only some groups were read is the one the cursor names.
        if place < done or (place == done and not group):
            continue
        begin = group if place == done else 0
        try:
            group, left = _read_file(settings, reader, place[1], begin, left, found, dropped)
        except (pa.ArrowException, OSError) as error:
            if not found and not dropped and len(files) == 1:
                words = f"{place[1]}: is no finished Parquet file: {str(error)[:150]}"
                raise Unreachable(words, "file") from error
            dropped["file"] += 1
            group = 0
        done = place
        if group or left <= 0:
            break
    told = {"time": str(done[0]), "name": done[1], "group": str(group)}
    return Collection(reader.batch(found), told, dropped)


def _files(path: str) -> list[_Place]:
    try:
        names = [path]
        if os.path.isdir(path):  # noqa: PTH112  # a folder of many is walked by name
            names = [entry.path for entry in os.scandir(path) if entry.name.endswith(SUFFIX)]
        found = [(about.st_mtime_ns, name) for name in names if (about := _regular(name))]
    except OSError as error:
        raise Unreachable(f"{path}: {error.strerror}", "file") from error
    if not found:
        raise Unreachable(f"{path}: there is no regular file with {SUFFIX}", "file")
    if len(found) > _MAX_FILES:
        words = f"{path}: over {_MAX_FILES} files; move those that were read elsewhere"
        raise Unreachable(words, "limit")
    return sorted(found)


def _regular(name: str) -> os.stat_result | None:
    about = os.stat(name)  # noqa: PTH116  # as above
    return about if stat.S_ISREG(about.st_mode) else None


def _read_file(
    settings: FileSettings,
    reader: RowReader,
    name: str,
    group: int,
    left: int,
    found: list[Sample],
    dropped: Counter[str],
) -> tuple[int, int]:
    """Returns the next row group to read, 0 when the file is done, and what is left."""
    with pq.ParquetFile(name) as file:
        header = list(file.schema_arrow.names)
        problem = reader.problem(header)
        if problem:
            raise Unreachable(f"{name}: {problem}", "header")
        for number in range(group, file.num_row_groups):
            size = file.metadata.row_group(number).total_byte_size
            if size > settings.max_bytes:
                raise Unreachable(f"{name}: a row group is longer than max_bytes", "limit")
            if size > left:
                return number, 0
            left -= size
            for batch in file.iter_batches(row_groups=[number]):
                for row in batch.to_pylist():
                    fields = {column: _text(value) for column, value in row.items()}
                    reader.take(fields, found, dropped)
    return 0, left


def _text(value: Any) -> str:
    """Returns a value as a CSV file would hold it, so that both are read alike."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(int(value))
    return str(value)
