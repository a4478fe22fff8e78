"""Keeps the embedded store small: closes days, rolls up hours, drops what is old."""

import contextlib
import os
from pathlib import Path
from typing import Any

import duckdb

from aiops.store.embedded.days import HOUR_MS, Source, next_file, table_of
from aiops.store.embedded.recovery import sync_directory


def write_file(cursor: Any, source: Source, folder: Path) -> Path | None:
    """Writes a day into one Parquet file, sorted, each time once; None when it is empty.

    The file is written aside and synced before it gets its name, so that whatever happens
    either the table or the whole file is there.
    """
    count = sum(
        cursor.execute(f"SELECT count(*) FROM {part}").fetchall()[0][0]  # noqa: S608  # our own names only
        for part, _ in source.parts
    )
    if not count:
        return None
    folder.mkdir(exist_ok=True)
    path = next_file(folder, source.day, source.file)
    aside = path.with_name(path.name + ".part")
    quoted = str(aside).replace("'", "''")
    try:
        cursor.execute(
            f"COPY ({source.unique('true')} ORDER BY series, t) TO '{quoted}' "
            "(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd)"
        ).fetchall()
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        aside.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    sync_directory(folder)
    return path


def is_readable(cursor: Any, path: Path) -> bool:
    """Whether every page of a closed day can be read."""
    quoted = str(path).replace("'", "''")
    try:
        cursor.execute(
            f"SELECT sum(series), sum(t), sum(value) FROM read_parquet('{quoted}')"  # noqa: S608  # our own name only
        ).fetchall()
    except duckdb.Error:
        return False
    return True


def drop_table(cursor: Any, day: int) -> None:
    """Drops a day's table and what was noted of it."""
    cursor.execute("BEGIN")
    cursor.execute(f"DROP TABLE IF EXISTS {table_of(day)}")
    cursor.execute("DELETE FROM disorder WHERE day = ?", [day])
    cursor.execute("COMMIT")
    cursor.execute("CHECKPOINT")


def roll_up(cursor: Any, source: Source, first: int, last: int, hours: int) -> int:
    """Writes the roll-up of the hours ``[first, last)`` of a day.

    Args:
        hours: Bits of all hours of the day that are up to date afterwards.

    Returns:
        The number of rows written.
    """
    base = source.day * 24
    within = f"t >= {first * HOUR_MS} AND t < {last * HOUR_MS}"
    cursor.execute("BEGIN")
    cursor.execute("DELETE FROM hourly WHERE h >= ? AND h < ?", [base + first, base + last])
    written = cursor.execute(
        f"INSERT INTO hourly SELECT series, {base} + t // {HOUR_MS}, count(*), avg(value), "  # noqa: S608  # numbers and our own names only
        f"min(value), max(value) FROM ({source.unique(within)}) GROUP BY 1, 2"
    ).fetchall()[0][0]
    put_rolled(cursor, source.day, hours)
    cursor.execute("COMMIT")
    return int(written)


def put_rolled(cursor: Any, day: int, hours: int) -> None:
    """Notes which hours of a day have an up-to-date roll-up."""
    cursor.execute("DELETE FROM rolled WHERE day = ?", [day])
    if hours:
        cursor.execute("INSERT INTO rolled VALUES (?, ?)", [day, hours])


def count_samples(cursor: Any, source: Source) -> int:
    """Returns how many samples a day has, each time once."""
    if not source.parts:
        return 0
    rows = cursor.execute(f"SELECT count(*) FROM ({source.unique('true')})").fetchall()  # noqa: S608  # our own names only
    return int(rows[0][0])
