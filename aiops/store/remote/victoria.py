"""VictoriaMetrics as a series store.

Differences to the embedded store, all of them inside its contract:

- The server keeps both of two values with one time. So a value that replaces another is
  written as a *revision*, the same series with the tag ``aiops_rev``; the highest is read.
- It keeps about twelve digits, fewer for series that mix very large with very small values.
- The last seconds before a crash of the server are lost: the spool in front sends them again.
- It deletes by its own ``-retentionPeriod``; :meth:`retain` hides what is older at once.
- Roll-ups are not written; aggregations are computed from samples.

Source: VictoriaMetrics documentation, "How to export time series", "Deduplication", "Retention".
"""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import AiopsError, Refused, StoreError, Unreachable
from aiops.domain.instant import to_ns
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import FloatArray, IntArray, Samples
from aiops.domain.step import DAY
from aiops.store.grid import MS, Columns, Grid, fill
from aiops.store.remote.arrange import arrange, fill_last, flatten
from aiops.store.remote.cells import SLICE, build_panel, whole_cells
from aiops.store.remote.lines import encode, revised
from aiops.store.remote.naming import SERIES, STORE, Describe, Heads, check_name
from aiops.store.remote.recent import Recent
from aiops.store.remote.results import Result, result_lines
from aiops.store.remote.revisions import Known, plan
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria_server import FAR_MS, VictoriaServer

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_EARLY_MS: Final = 86_400_000
"""Queries begin here: the server answers nothing when a range reaches before 1970."""
_LINES: Final = 50_000
"""Samples per request: a few megabytes, well below the server's own limits."""


_ASKED: Final = 5_000
"""Series of one request for what was just written."""


class VictoriaMetricsStore:
    """Writes line protocol, reads exports; one writer at a time."""

    settles: Final = 10.0
    """Seconds after which what the server shows is on its disk. Source: it writes its
    in-memory parts every five seconds."""

    def __init__(self, settings: VictoriaMetricsSettings) -> None:
        check_name(settings.name)
        self._server = VictoriaServer(settings)
        self._name = settings.name
        self._heads = Heads(settings.name)
        self._known = Known()
        self._recent = Recent()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(2, "export")
        self._written = 0
        self._revised = 0

    def name_series(self, describe: Describe) -> None:
        """Takes what describes series, for people's own dashboards."""
        self._heads.name_series(describe)

    def append(self, samples: Samples) -> None:
        """Writes samples and waits for the server's word."""
        if not len(samples):
            return
        if not np.isfinite(samples.values).all():
            raise StoreError("a value is not finite; the data-quality gate drops such samples")
        ids = np.asarray(samples.ids, np.int64)
        times = np.asarray(samples.times, np.int64) // MS
        values = np.asarray(samples.values, np.float64)
        columns, _ = arrange(ids, times, values, np.zeros(len(ids), np.int64))
        if int(columns.times.min()) < 0:
            raise StoreError("VictoriaMetrics keeps no samples from before 1970")
        try:
            with self._lock:
                self._append(columns)
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error

    def _append(self, columns: Columns) -> None:
        ids = columns.rows.astype(np.int64)
        doubtful = self._known.doubtful(ids, columns.times)
        fresh = np.ones(len(ids), bool)
        revisions = np.zeros(len(ids), np.int64)
        if len(doubtful):
            asked = np.isin(ids, doubtful)
            start = int(columns.times[asked].min())
            end = FAR_MS
            if not self._known.has_unknown(doubtful):
                end = int(columns.times[asked].max()) + 1
            stored = self._read(doubtful, start, end)
            self._known.learn(doubtful, stored, start)
            fresh, revisions = plan(columns, doubtful, stored)
        if fresh.any():
            mine = columns.take(fresh)
            self._write(mine, revisions[fresh])
            self._recent.add(mine.rows.astype(np.int64), mine.times, mine.values, revisions[fresh])
        self._known.note(ids, columns.times)

    def _write(self, columns: Columns, revisions: IntArray) -> None:
        heads = self._heads.of(columns.rows.tolist())
        if revisions.any():
            heads = [revised(h, r) for h, r in zip(heads, revisions.tolist(), strict=True)]
        for at in range(0, len(heads), _LINES):
            part = slice(at, at + _LINES)
            self._server.write(encode(heads[part], columns.times[part], columns.values[part]))
        self._written += len(heads)
        self._revised += int((revisions > 0).sum())

    def publish(self, results: Iterable[Result]) -> None:
        """Writes results for people's own dashboards."""
        try:
            self._server.write(result_lines(results, self._name))
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
        counters: NDArray[np.bool_] | None = None,
    ) -> Panel:
        """Returns the grid of cells; see the contract."""
        ids = np.asarray(ids, np.int64)
        plain = counters is None or not np.asarray(counters, bool).any()
        if plain and aggregation is Aggregation.LAST and len(ids):
            return self._last_values(ids, Grid.of(start, end, step))
        return build_panel(self._columns, ids, start, end, step, aggregation, counters)

    def _last_values(self, ids: IntArray, grid: Grid) -> Panel:
        distinct, place = np.unique(ids, return_inverse=True)
        matrix = np.full((len(distinct), grid.cells), np.nan)

        def load(at: int) -> None:
            part = distinct[at : at + SLICE]
            fill_last(matrix[at : at + SLICE], grid, part, self._server.lines(part, *_ms(grid)))

        if matrix.size:
            self._each_slice(load, len(distinct))
            recent = self._recent.between(distinct, *_ms(grid))
            rows = np.unique(recent[0])
            if len(rows):  # the little that the server may not show yet
                again = np.full((len(rows), grid.cells), np.nan)
                fill(
                    again,
                    grid,
                    self._columns(distinct[rows], grid.start, grid.end),
                    Aggregation.LAST,
                )
                matrix[rows] = again
        same = len(ids) == len(distinct) and bool((place == np.arange(len(ids))).all())
        return grid.panel(ids, matrix if same else matrix[place], Aggregation.LAST)

    def _each_slice(self, load: Any, count: int) -> None:
        starts = range(0, count, SLICE)
        try:
            if len(starts) == 1:
                load(0)
                return
            list(self._pool.map(load, starts))  # one decodes while one waits
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error

    def samples(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns the stored samples, ordered by id and time."""
        ids = np.unique(np.asarray(ids, np.int64))
        parts = [
            (at, self._columns(ids[at : at + SLICE], start, end))
            for at in range(0, len(ids), SLICE)
        ]
        if not parts:
            return Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        return Samples(
            np.concatenate([ids[columns.rows + at] for at, columns in parts]),
            np.concatenate([columns.times * MS for _, columns in parts]),
            np.concatenate([columns.values for _, columns in parts]),
        )

    def latest(self, ids: IntArray) -> tuple[IntArray, FloatArray]:
        """Returns time and value of each newest sample."""
        ids = np.asarray(ids, np.int64)
        times = self._ends(ids, "tlast_over_time", np.maximum)
        values = np.full(len(ids), np.nan)
        for at in np.unique(times[times > 0]):
            mine = np.flatnonzero(times == at)
            found = self.samples(ids[mine], int(at), int(at) + MS)
            place = np.searchsorted(found.ids, ids[mine])
            has = np.isin(ids[mine], found.ids)
            values[mine[has]] = found.values[place[has]]
        times[np.isnan(values)] = 0
        return times, values

    def earliest(self, ids: IntArray) -> IntArray:
        """Returns the time of each oldest sample."""
        return self._ends(np.asarray(ids, np.int64), "tfirst_over_time", np.minimum)

    def _ends(self, ids: IntArray, function: str, choose: Any) -> IntArray:
        distinct, place = np.unique(ids, return_inverse=True)
        never = 0 if choose is np.maximum else np.iinfo(np.int64).max
        times = np.full(len(distinct), never, np.int64)
        seconds = FAR_MS // 1000
        span = FAR_MS - max(self._server.horizon, _EARLY_MS) + 1
        try:
            for at in range(0, len(distinct), SLICE):
                part = distinct[at : at + SLICE]
                query = f"{function}({self._server.selector(part)}[{span}ms])"
                for labels, value in self._server.query(query, seconds):
                    row = at + int(np.searchsorted(part, int(labels[SERIES])))
                    times[row] = choose(times[row], round(float(value) * 1000))
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error
        rows, recent, _, _ = self._recent.between(distinct, self._server.horizon, FAR_MS)
        choose.at(times, rows, recent)
        times[times == never] = 0
        return times[place] * MS

    def retain(self, before: datetime) -> int:
        """Hides whole days before the given time; the server frees them by its own setting."""
        horizon = max(to_ns(before) // DAY * DAY // MS, 0)
        if horizon <= self._server.horizon:
            return 0
        span = horizon - max(self._server.horizon, _EARLY_MS)
        if span <= 0:
            return 0
        query = f'sum(count_over_time({{{STORE}="{self._name}"}}[{span}ms]))'
        with suppress(StoreError):  # a cluster has no such path, and shows it soon enough
            self.flush()
        try:
            found = self._server.query(query, (horizon - 1) / 1000)
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error
        self._server.horizon = horizon
        return round(sum(float(value) for _, value in found))

    def rollup(self, start: int, end: int) -> int:
        """Writes nothing: aggregations are always computed from the samples."""
        del start, end
        return 0

    def status(self) -> Mapping[str, object]:
        """Returns whether it answers, and what was written; never raises."""
        kept: dict[str, object] = {
            "engine": "victoriametrics",
            "url": self._server.url,
            "samples_written": self._written,
            "revisions_written": self._revised,
        }
        try:
            self.ping()
        except AiopsError as error:
            return {**kept, "reachable": False, "error": str(error)}
        return {**kept, "reachable": True}

    def ping(self) -> None:
        """Asks for nothing, to see whether it answers as it should.

        Raises:
            StoreError: It does not; the message says how.
        """
        try:
            self._server.query(f'count({{{STORE}="{self._name}"}})', 0)
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error

    def close(self) -> None:
        """Lets the server show what it has, and closes the connections."""
        if self._written:
            with suppress(StoreError):
                self.flush()
        self._pool.shutdown(wait=False)
        self._server.close()

    def flush(self) -> None:
        """Asks a single node to show all it has; a cluster shows it within a second or so."""
        try:
            self._server.flush()
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error

    def stored(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns what the server itself shows, without what was written a moment ago."""
        ids = np.unique(np.asarray(ids, np.int64))
        span = whole_cells(start, end)
        try:
            parts = [
                self._server.shown(ids[at : at + _ASKED], *span)
                for at in range(0, len(ids), _ASKED)
            ]
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error
        if not parts:
            return Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        series, times, values = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Samples(series, times * MS, values)

    def _columns(self, ids: IntArray, start: int, end: int) -> Columns:
        try:
            return self._read(ids, *whole_cells(start, end))[0]
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error

    def _read(self, ids: IntArray, start: int, end: int) -> tuple[Columns, IntArray]:
        found = flatten(ids, self._server.lines(ids, start, end))
        recent = self._recent.between(ids, max(start, self._server.horizon), end)
        both = (np.concatenate(each) for each in zip(found, recent, strict=True))
        return arrange(*both)


def _ms(grid: Grid) -> tuple[int, int]:
    return grid.start // MS, grid.end // MS
