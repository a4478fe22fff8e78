"""The embedded series store: one narrow table a day, closed days as Parquet."""

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.crash import crashpoint
from aiops.contracts.errors import StoreError
from aiops.domain.instant import duration_ns, to_ns
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import FloatArray, IntArray, Samples
from aiops.domain.step import DAY, HOUR
from aiops.store.embedded import reading, upkeep
from aiops.store.embedded.database import Database
from aiops.store.embedded.days import (
    Source,
    split_days,
)
from aiops.store.embedded.holdings import Holdings
from aiops.store.embedded.recovery import LACKS, set_aside
from aiops.store.embedded.settings import DuckdbSettings
from aiops.store.grid import MS, Columns, Grid, fill, longest_gap, to_rates

ResultT = TypeVar("ResultT")
_MOST = 2**31 - 1
_ALL_HOURS = (1 << 24) - 1
_TRIES = 4


class EmbeddedStore:
    """Keeps the series of one daemon on its own disk.

    One thread writes at a time, any number read. ``append`` returns after the engine's commit,
    which has synced its log. Days that got samples out of order, or twice, are read a slower
    way until they are closed.

    Raises:
        StoreError: Another process has the directory open, or it cannot be written.
    """

    def __init__(self, settings: DuckdbSettings) -> None:
        if not settings.directory:
            raise StoreError("the duckdb store needs a directory; set store.directory")
        self._settings = settings
        self._directory = Path(settings.directory)
        self._closed = self._directory / "closed"
        self._write = threading.RLock()
        self._database = Database(self._directory, settings)
        self._holdings = Holdings(self._database, self._closed)
        try:
            self._database.run(self._holdings.load)
        except BaseException:
            self._database.close()
            raise

    def append(self, samples: Samples) -> None:
        """Stores samples in one transaction; see the contract."""
        if not len(samples):
            return
        ids, values = np.asarray(samples.ids), np.asarray(samples.values, np.float64)
        if ids.min() < 0 or ids.max() > _MOST:
            raise StoreError(f"series ids must lie between 0 and {_MOST}")
        if not np.isfinite(values).all():
            raise StoreError("a value is not finite; the data-quality gate drops such samples")
        times = np.asarray(samples.times, np.int64) // MS
        parts = split_days(ids.astype(np.int32), times, values)
        with self._write:
            self._database.run(lambda cursor: self._holdings.append(cursor, parts))

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
        counters: NDArray[np.bool_] | None = None,
    ) -> Panel:
        """Returns the grid of cells; see the contract.

        Whole-hour cells of gauges come from the roll-up where it is up to date. Counters never
        do: a rate needs the samples themselves.
        """
        ids = np.asarray(ids, np.int64)
        grid = Grid.of(start, end, step)
        if not len(ids) or not grid.cells:
            return grid.panel(ids, np.empty((len(ids), grid.cells)), aggregation)
        counts = np.zeros(len(ids), bool) if counters is None else np.asarray(counters, bool)
        parts: list[tuple[IntArray, FloatArray]] = []
        for kind in (False, True):
            rows = np.flatnonzero(counts == kind)
            if len(rows):
                fill_part = partial(
                    self._fill, grid=grid, ids=ids[rows], aggregation=aggregation, is_counter=kind
                )
                parts.append((rows, self._read(fill_part)))
        if len(parts) == 1:
            matrix = parts[0][1]  # the common case pays for one matrix only
        else:
            matrix = np.empty((len(ids), grid.cells))
            for rows, part in parts:
                matrix[rows] = part
        return grid.panel(ids, matrix, aggregation)

    def _fill(
        self, cursor: Any, grid: Grid, ids: IntArray, aggregation: Aggregation, *, is_counter: bool
    ) -> FloatArray:
        sources = self._holdings.between(grid.start // MS, grid.end // MS)
        known, row = np.unique(ids, return_inverse=True)
        simple = not is_counter and aggregation is Aggregation.LAST and DAY % grid.step == 0
        if simple and all(source.ordered for source in sources):
            if len(known) == len(ids):
                return reading.fill_last(cursor, sources, grid, ids)
            return reading.fill_last(cursor, sources, grid, known)[row.reshape(-1)]
        by_hour = aggregation is not Aggregation.LAST and grid.step % HOUR == 0
        if by_hour and not is_counter:
            days = self._holdings.by_hour(grid)
            matrix = reading.fill_hourly(cursor, days, grid, known, aggregation)
        else:
            before = longest_gap(grid.step) if is_counter else 0
            columns = self._columns(cursor, known, (grid.start - before) // MS, grid.end // MS)
            if is_counter:
                columns = to_rates(columns, grid.step)
            matrix = np.full((len(known), grid.cells), np.nan)
            fill(matrix, grid, columns, aggregation)
        return matrix if np.array_equal(known, ids) else matrix[row.reshape(-1)]

    def samples(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns the stored samples, ordered by id and time."""
        ids = np.unique(np.asarray(ids, np.int64))
        low, high = -(-start // MS), -(-end // MS)
        if not len(ids) or high <= low:
            return Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        columns = self._read(lambda cursor: self._columns(cursor, ids, low, high))
        return Samples(ids[columns.rows], columns.times * MS, columns.values)

    def latest(self, ids: IntArray) -> tuple[IntArray, FloatArray]:
        """Returns time and value of each newest sample, looking back day by day."""
        ids = np.asarray(ids, np.int64)
        known, row = np.unique(ids, return_inverse=True)
        times, values = np.zeros(len(known), np.int64), np.full(len(known), np.nan)

        def look(cursor: Any) -> None:
            for source in sorted(
                self._holdings.sources.values(), key=lambda s: s.day, reverse=True
            ):
                missing = known[np.isnan(values)]
                if not len(missing):
                    return
                series, at, value = reading.read_latest(cursor, source, missing)
                position = np.searchsorted(known, series)
                times[position], values[position] = at * MS, value

        self._read(look)
        return times[row.reshape(-1)], values[row.reshape(-1)]

    def earliest(self, ids: IntArray) -> IntArray:
        """Returns the time of each oldest sample, looking forward day by day."""
        ids = np.asarray(ids, np.int64)
        known, row = np.unique(ids, return_inverse=True)
        times = np.zeros(len(known), np.int64)
        found = np.zeros(len(known), bool)

        def look(cursor: Any) -> None:
            for source in sorted(self._holdings.sources.values(), key=lambda s: s.day):
                missing = known[~found]
                if not len(missing):
                    return
                series, at = reading.read_earliest(cursor, source, missing)
                position = np.searchsorted(known, series)
                times[position], found[position] = at * MS, True

        self._read(look)
        return times[row.reshape(-1)]

    def retain(self, before: datetime) -> int:
        """Drops whole UTC days before the given time, and roll-ups much older than it."""
        day = to_ns(before) // DAY
        oldest = (to_ns(before) - duration_ns(self._settings.keep_hourly)) // HOUR

        def drop(cursor: Any) -> int:
            self._holdings.refresh(cursor)
            dropped = 0
            for source in [s for d, s in self._holdings.sources.items() if d < day]:
                dropped += upkeep.count_samples(cursor, source)
                self._holdings.put(remove=source.day)
                upkeep.drop_table(cursor, source.day)
                if source.file is not None:
                    source.file.unlink(missing_ok=True)
            cursor.execute("DELETE FROM hourly WHERE h < ?", [oldest])
            return dropped

        with self._write:
            return self._database.run(drop)

    def rollup(self, start: int, end: int) -> int:
        """Brings the hourly roll-up up to date, then closes the days that are over.

        A day is over ``close_after`` its end, counted from ``end``; days that were opened
        again by late samples are closed again.
        """
        first, last = start // HOUR, -(-end // HOUR)
        over = (end - duration_ns(self._settings.close_after)) // DAY

        def work(cursor: Any) -> int:
            self._holdings.refresh(cursor)
            written = 0
            for day, source in dict(self._holdings.sources).items():
                low, high = max(first - day * 24, 0), min(last - day * 24, 24)
                if low < high:
                    bits = self._holdings.rolled.get(day, 0) | ((1 << high) - (1 << low))
                    written += upkeep.roll_up(cursor, source, low, high, bits & _ALL_HOURS)
                    self._holdings.rolled[day] = bits & _ALL_HOURS
                if day < over and source.table:
                    self._close_day(cursor, source)
            return written

        with self._write:
            return self._database.run(work)

    def _close_day(self, cursor: Any, source: Source) -> None:
        path = upkeep.write_file(cursor, source, self._closed)
        crashpoint("store.before_drop")
        self._holdings.put(Source(source.day, file=path), remove=None if path else source.day)
        self._holdings.forget_order(source.day)
        upkeep.drop_table(cursor, source.day)
        if source.file is not None:
            source.file.unlink(missing_ok=True)

    def status(self) -> Mapping[str, object]:
        """Returns size, days and damage."""
        sources = self._holdings.sources.values()
        files = [self._database.path, self._database.path.with_name("samples.duckdb.wal")]
        files += [source.file for source in sources if source.file is not None]
        size = 0
        for path in files:
            with contextlib.suppress(OSError):
                size += path.stat().st_size
        return {
            "engine": "duckdb",
            "bytes": size,
            "days_open": sum(source.table for source in sources),
            "days_closed": sum(source.file is not None for source in sources),
            "days_disordered": sum(not source.ordered for source in sources),
            "reopened": self._database.reopened,
            "damage": tuple(self._database.damage),
        }

    def close(self) -> None:
        """Folds the log into the file and gives the directory back; never raises."""
        with self._write:
            self._database.close()

    def _read(self, work: Callable[[Any], ResultT]) -> ResultT:
        """Runs a read again when a day was closed, dropped or disordered meanwhile."""
        for _ in range(_TRIES):
            if self._holdings.generation != self._database.generation:
                with self._write:
                    self._database.run(self._holdings.refresh)
            before = self._holdings.sources
            try:
                found = self._database.run(work)
            except StoreError as error:
                unchanged = (
                    self._holdings.sources is before
                    and self._holdings.generation == self._database.generation
                )
                if unchanged and not self._set_aside_damaged(error):
                    raise
                continue
            if self._holdings.sources is before:
                return found
        with self._write:
            return self._database.run(work)

    def _set_aside_damaged(self, error: StoreError) -> bool:
        """Renames closed days that cannot be read; False when all of them can."""
        if any(word in str(error).lower() for word in LACKS):
            return False
        with self._write:
            found = False
            for source in list(self._holdings.sources.values()):
                if source.file is None or upkeep.is_readable(self._database.cursor(), source.file):
                    continue
                if source.file.exists():
                    self._database.damage.append(set_aside(source.file, str(error)))
                left = replace(source, file=None)
                self._holdings.put(left, remove=None if left.table else source.day)
                found = True
            return found

    def _columns(self, cursor: Any, ids: IntArray, start: int, end: int) -> Columns:
        return reading.read_columns(cursor, self._holdings.between(start, end), ids, start, end)
