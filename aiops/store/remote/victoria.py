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
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError
from aiops.domain.instant import to_ns
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import FloatArray, IntArray, Samples
from aiops.domain.step import DAY
from aiops.store.batches import arranged, distinct, join
from aiops.store.grid import MS, Columns, Grid
from aiops.store.remote.arrange import arrange, flatten
from aiops.store.remote.cells import SLICE, build_panel, fill_again, whole_cells
from aiops.store.remote.export_cells import fill_last
from aiops.store.remote.extent import end_days
from aiops.store.remote.history import RemoteHistory, asking
from aiops.store.remote.lines import encode, revised
from aiops.store.remote.naming import STORE, Describe, Heads, check_name
from aiops.store.remote.recent import Recent
from aiops.store.remote.results import Result, result_lines
from aiops.store.remote.revisions import Known, plan
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria_server import FAR_MS, VictoriaServer

_EARLY_MS: Final = 86_400_000
"""Queries begin here: the server answers nothing when a range reaches before 1970."""
_LINES: Final = 50_000
"""Samples per request: a few megabytes, well below the server's own limits."""
_ASKED: Final = 5_000
"""Series of one request for what was just written."""
_AHEAD: Final = 3
"""Days after today that may hold samples. Source: the server refuses what is more than two
days ahead of its clock."""
_DAY_MS: Final = DAY // MS


_Part = TypeVar("_Part")
_Answer = TypeVar("_Answer")


class VictoriaMetricsStore(RemoteHistory):
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
        columns = arranged(samples)
        if int(columns.times.min()) < 0:
            raise StoreError("VictoriaMetrics keeps no samples from before 1970")
        with asking(), self._lock:
            self._append(columns)

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
        heads = self._heads.of(columns.rows)
        if revisions.any():
            heads = [revised(h, r) for h, r in zip(heads, revisions.tolist(), strict=True)]
        for at in range(0, len(heads), _LINES):
            part = slice(at, at + _LINES)
            self._server.write(encode(heads[part], columns.times[part], columns.values[part]))
        self._written += len(heads)
        self._revised += int((revisions > 0).sum())

    def publish(self, results: Iterable[Result]) -> None:
        """Writes results for people's own dashboards."""
        with asking():
            self._server.write(result_lines(results, self._name))

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
        return build_panel(self.columns, ids, start, end, step, aggregation, counters)

    def _last_values(self, ids: IntArray, grid: Grid) -> Panel:
        distinct, place = np.unique(ids, return_inverse=True)
        matrix = np.full((len(distinct), grid.cells), np.nan)
        span = whole_cells(grid.start, grid.end)

        def load(at: int) -> None:
            part = distinct[at : at + SLICE]
            body = self._server.export(part, *span)
            fill_last(matrix[at : at + SLICE], grid, part, body, self._server.url)

        if matrix.size:
            with asking():  # while one slice is decoded, the next is waited for
                self.spread(load, range(0, len(distinct), SLICE))
            # the little that the server may not show yet
            rows, times, _, _ = self._recent.between(distinct, *span)
            fill_again(matrix, grid, distinct, rows, times, self.columns)
        same = len(ids) == len(distinct) and bool((place == np.arange(len(ids))).all())
        return grid.panel(ids, matrix if same else matrix[place], Aggregation.LAST)

    def spread(self, work: Callable[[_Part], _Answer], parts: Iterable[_Part]) -> list[_Answer]:
        """Does some work on each part, two at a time."""
        return list(self._pool.map(work, parts))

    def latest(self, ids: IntArray) -> tuple[IntArray, FloatArray]:
        """Returns time and value of each newest sample."""
        distinct, place = np.unique(np.asarray(ids, np.int64), return_inverse=True)
        shown = self._at_end(distinct, newest=True)
        recent = self._recent.between(distinct, self._server.horizon, FAR_MS)
        both = (np.concatenate(each) for each in zip(shown, recent, strict=True))
        found, _ = arrange(*both)
        times, values = np.zeros(len(distinct), np.int64), np.full(len(distinct), np.nan)
        times[found.rows], values[found.rows] = found.times * MS, found.values  # the last one stays
        return times[place], values[place]

    def earliest(self, ids: IntArray) -> IntArray:
        """Returns the time of each oldest sample."""
        distinct, place = np.unique(np.asarray(ids, np.int64), return_inverse=True)
        never = np.iinfo(np.int64).max
        times = np.full(len(distinct), never)
        for rows, at, _, _ in (
            self._at_end(distinct, newest=False),
            self._recent.between(distinct, self._server.horizon, FAR_MS),
        ):
            np.minimum.at(times, rows, at)
        times[times == never] = 0
        return times[place] * MS

    def _at_end(
        self, ids: IntArray, *, newest: bool
    ) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
        """Returns row, time, value and revision of what lies at one end of each series."""
        parts = []
        with asking():
            today = int(self._server.now()) // 86_400
            first = max(self._server.horizon, _EARLY_MS) // _DAY_MS
            days = end_days(self._server.present, ids, first, today + _AHEAD, newest=newest)
            for day in np.unique(days[days >= 0]).tolist():
                rows = np.flatnonzero(days == day)
                for at in range(0, len(rows), SLICE):
                    some = rows[at : at + SLICE]
                    row, *rest = self._server.ends(ids[some], day * _DAY_MS, newest=newest)
                    parts.append((some[row], *rest))
        if not parts:
            none = np.empty(0, np.int64)
            return none, none, np.empty(0), none
        rows, times, values, revisions = (np.concatenate(each) for each in zip(*parts, strict=True))
        return rows, times, values, revisions

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
        with asking():
            found = self._server.query(query, (horizon - 1) / 1000)
        self._server.horizon = horizon
        return round(sum(float(value) for _, value in found))

    def keep_from(self, oldest: datetime) -> None:
        """Takes note that nothing older than this day is asked for."""
        self._server.horizon = max(to_ns(oldest) // DAY * DAY // MS, 0)

    def about(self) -> dict[str, object]:
        """Returns where it is, and what was written there."""
        return {
            "engine": "victoriametrics",
            "url": self._server.url,
            "samples_written": self._written,
            "revisions_written": self._revised,
        }

    def ping(self) -> None:
        """Asks for nothing, to see whether it answers as it should."""
        with asking():
            self._server.query(f'count({{{STORE}="{self._name}"}})', 0)

    def close(self) -> None:
        """Lets the server show what it has, and closes the connections."""
        if self._written:
            with suppress(StoreError):
                self.flush()
        self._pool.shutdown(wait=False)
        self._server.close()

    def flush(self) -> None:
        """Asks a single node to show all it has; a cluster shows it within a second or so."""
        with asking():
            self._server.flush()

    def stored(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns what the server itself shows, without what was written a moment ago."""
        ids = distinct(ids)
        span = whole_cells(start, end)
        parts = []
        with asking():
            for at in range(0, len(ids), _ASKED):
                series, times, values = self._server.shown(ids[at : at + _ASKED], *span)
                parts.append(Samples(series, times * MS, values))
        return join(parts)

    def columns(self, ids: IntArray, start: int, end: int) -> Columns:
        """Returns what was written, whether the server shows it yet or not."""
        with asking():
            return self._read(ids, *whole_cells(start, end))[0]

    def _read(self, ids: IntArray, start: int, end: int) -> tuple[Columns, IntArray]:
        found = flatten(ids, self._server.lines(ids, start, end))
        recent = self._recent.between(ids, max(start, self._server.horizon), end)
        both = (np.concatenate(each) for each in zip(found, recent, strict=True))
        return arrange(*both)
