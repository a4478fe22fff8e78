"""What the embedded store holds of each day, and how samples get into it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.crash import crashpoint
from aiops.domain.step import HOUR
from aiops.store.embedded import upkeep
from aiops.store.embedded.database import Database
from aiops.store.embedded.days import (
    DAY_MS,
    HOUR_MS,
    Newest,
    Source,
    day_of_table,
    find_files,
    table_of,
)
from aiops.store.grid import Grid

_TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS hourly(series INTEGER, h INTEGER, n BIGINT, "
        "mean DOUBLE, lo DOUBLE, hi DOUBLE)"
    ),
    "CREATE TABLE IF NOT EXISTS rolled(day INTEGER, hours INTEGER)",
    "CREATE TABLE IF NOT EXISTS disorder(day INTEGER)",
)


class Holdings:
    """The days of one store. Changed only under the store's write lock, read at any time.

    Attributes:
        sources: Day to where it lies, by day; replaced as a whole, so that a reader sees one
            state of it.
        rolled: Day to bits of the hours whose roll-up is up to date.
        generation: The database's, when it was looked at last.
    """

    def __init__(self, database: Database, closed: Path) -> None:
        self.sources: Mapping[int, Source] = {}
        self.rolled: dict[int, int] = {}
        self.generation = -1
        self._newest: dict[int, Newest] = {}
        self._database = database
        self._closed = closed

    def load(self, cursor: Any) -> None:
        """Finds out what is there, and clears away what a crash left half done."""
        for statement in _TABLES:
            cursor.execute(statement)
        cursor.execute("CHECKPOINT")
        files, older = find_files(self._closed)
        for leftover in (*older, *self._closed.glob("*.part")):
            leftover.unlink(missing_ok=True)
        disordered = {day for (day,) in cursor.execute("SELECT day FROM disorder").fetchall()}
        names = cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        tables = {day for (name,) in names if (day := day_of_table(name)) is not None}
        self.sources = {
            day: Source(day, day in tables, day not in disordered, files.get(day))
            for day in sorted(tables | set(files))
        }
        self.rolled = dict(cursor.execute("SELECT day, hours FROM rolled").fetchall())
        self._newest = {}
        self.generation = self._database.generation

    def append(self, cursor: Any, parts: Mapping[int, tuple[NDArray[Any], ...]]) -> None:
        """Writes ids, ms of the day and values of some days in one transaction."""
        self.refresh(cursor)
        self._create_tables(cursor, [day for day in parts if not self._has_table(day)])
        broken = [
            day for day, (ids, times, _) in parts.items() if self._breaks(cursor, day, ids, times)
        ]
        stale = self._stale(parts)
        alone = len(parts) == 1 and not broken and not stale  # one statement is a transaction
        # A reader that believes in disorder too early is only slower.
        self.put(*(replace(self.sources[day], strict=False) for day in broken))
        if not alone:
            cursor.execute("BEGIN")
        for day in broken:
            cursor.execute("INSERT INTO disorder VALUES (?)", [day])
        for day, mask in stale.items():
            upkeep.put_rolled(cursor, day, mask)
        crashpoint("store.before_commit")
        for day, (ids, times, values) in parts.items():
            _insert(cursor, table_of(day), {"series": ids, "t": times, "value": values})
        if not alone:
            cursor.execute("COMMIT")
        crashpoint("store.after_commit")
        self.rolled.update(stale)
        for day, (ids, times, _) in parts.items():
            if self.sources[day].ordered:
                self._newest[day].note(ids, times)
            else:
                self.forget_order(day)

    def _breaks(
        self, cursor: Any, day: int, ids: NDArray[np.int32], times: NDArray[np.int32]
    ) -> bool:
        source = self.sources[day]
        return source.ordered and not self._newest_of(cursor, source).is_strict(ids, times)

    def _stale(self, parts: Mapping[int, tuple[NDArray[Any], ...]]) -> dict[int, int]:
        """Returns what is left of the rolled hours of days whose rolled hours are touched."""
        found = {}
        for day, (_, times, _) in parts.items():
            mask = self.rolled.get(day, 0)
            touched = int(np.bitwise_or.reduce(1 << (times // HOUR_MS))) if mask else 0
            if mask & touched:
                found[day] = mask & ~touched
        return found

    def forget_order(self, day: int) -> None:
        """Frees what tells order from disorder in a day that needs it no more."""
        self._newest.pop(day, None)

    def by_hour(self, grid: Grid) -> list[tuple[int, Source | None]]:
        """Returns each day of the grid with the source to read, None for its roll-up."""
        first, last = grid.start // HOUR, grid.end // HOUR
        found: list[tuple[int, Source | None]] = []
        for day in range(first // 24, -(-last // 24)):
            low, high = max(first - day * 24, 0), min(last - day * 24, 24)
            wanted = (1 << high) - (1 << low)
            source = self.sources.get(day)
            done = source is None or self.rolled.get(day, 0) & wanted == wanted
            found.append((day, None if done else source))
        return found

    def between(self, start: int, end: int) -> Sequence[Source]:
        """Returns the days that overlap ``[start, end)`` (ms), oldest first."""
        low, high = start // DAY_MS, -(-end // DAY_MS)
        return [source for day, source in self.sources.items() if low <= day < high]

    def refresh(self, cursor: Any) -> None:
        """Looks again when the database was opened anew."""
        if self.generation != self._database.generation:
            self.load(cursor)

    def _has_table(self, day: int) -> bool:
        source = self.sources.get(day)
        return source is not None and source.table

    def _create_tables(self, cursor: Any, days: Sequence[int]) -> None:
        if not days:
            return
        for day in days:
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {table_of(day)}"
                "(series INTEGER, t INTEGER, value DOUBLE)"
            )
        cursor.execute("CHECKPOINT")  # replaying DDL is where logs have failed to open
        self.put(*(replace(self.sources.get(day, Source(day)), table=True) for day in days))

    def _newest_of(self, cursor: Any, source: Source) -> Newest:
        newest = self._newest.get(source.day)
        if newest is None:
            newest = self._newest[source.day] = Newest()
            found = cursor.execute(
                f"SELECT series, max(t) AS t FROM {table_of(source.day)} GROUP BY series"  # noqa: S608  # our own name only
            ).fetchnumpy()
            newest.note(found["series"], found["t"])
        return newest

    def put(self, *sources: Source, remove: int | None = None) -> None:
        """Replaces or removes days, for all readers at once."""
        days = {**self.sources, **{source.day: source for source in sources}}
        if remove is not None:
            days.pop(remove, None)
        self.sources = dict(sorted(days.items()))


def _insert(cursor: Any, table: str, rows: Mapping[str, NDArray[Any]]) -> int:
    """Inserts columns; DuckDB finds ``rows`` by its name in this frame."""
    cursor.execute(f"INSERT INTO {table} SELECT series, t, value FROM rows").fetchall()  # noqa: S608  # our own name only
    return len(rows["t"])
