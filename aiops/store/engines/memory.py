"""Series in memory: for tests, ``try`` and replay. Nothing survives the process."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from aiops.contracts.store import SeriesStore
from aiops.domain.instant import to_ns
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import FloatArray, IntArray, Samples
from aiops.domain.step import DAY
from aiops.store.batches import check_finite
from aiops.store.grid import MS, Columns, Grid, fill, longest_gap, to_rates

_BITS = 43
_EARLIEST = -(1 << (_BITS - 1))
_MOST_SERIES = 1 << (62 - _BITS)


@dataclass(frozen=True, slots=True)
class _Run:
    """Samples sorted by one key of ``id`` and time, each key once."""

    keys: IntArray
    values: FloatArray

    @classmethod
    def of(cls, keys: IntArray, values: FloatArray) -> "_Run":
        """Sorts; of equal keys the last one stays."""
        order = np.argsort(keys, kind="stable")
        keys, values = keys[order], values[order]
        last = np.r_[keys[1:] != keys[:-1], True] if len(keys) else np.empty(0, bool)
        return cls(keys, values) if last.all() else cls(keys[last], values[last])

    def between(self, low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
        """Returns the positions of ``[low[i], high[i])`` and the ``i`` of each."""
        first = np.searchsorted(self.keys, low)
        counts = np.maximum(np.searchsorted(self.keys, high) - first, 0)
        rows = np.repeat(np.arange(len(low)), counts)
        begins = np.cumsum(counts) - counts
        return np.arange(len(rows)) + np.repeat(first - begins, counts), rows


class MemoryStore:
    """Sorted runs of geometrically growing size, newer ones after older ones."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._runs: list[_Run] = []

    def append(self, samples: Samples) -> None:
        """Adds a run, and merges runs while the newest is not much smaller."""
        ids = np.asarray(samples.ids, np.int64)
        values = np.array(samples.values, np.float64)
        if not len(ids):
            return
        if ids.min() < 0 or ids.max() >= _MOST_SERIES:
            raise StoreError(f"series ids must lie between 0 and {_MOST_SERIES}")
        check_finite(samples)
        run = _Run.of(_key(ids, np.asarray(samples.times, np.int64) // MS), values)
        with self._lock:
            runs = [*self._runs, run]
            while len(runs) > 1 and len(runs[-1].keys) * 2 >= len(runs[-2].keys):
                newer, older = runs.pop(), runs.pop()
                keys = np.concatenate([older.keys, newer.keys])
                runs.append(_Run.of(keys, np.concatenate([older.values, newer.values])))
            self._runs = runs

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
        grid = Grid.of(start, end, step)
        matrix = np.full((len(ids), grid.cells), np.nan)
        counts = np.zeros(len(ids), bool) if counters is None else np.asarray(counters, bool)
        if matrix.size and aggregation is Aggregation.LAST and not counts.any():
            self._fill_last(ids, grid, matrix)
        elif matrix.size:
            look_back = longest_gap(grid.step) if counts.any() else 0
            columns = self._read(ids, grid.start - look_back, grid.end)
            if not counts.any():
                fill(matrix, grid, columns, aggregation)
            else:
                is_counter = counts[columns.rows]
                fill(matrix, grid, columns.take(~is_counter), aggregation)
                rates = to_rates(columns.take(is_counter), grid.step)
                fill(matrix, grid, rates, aggregation)
        return grid.panel(ids, matrix, aggregation)

    def samples(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns the stored samples, ordered by id and time."""
        ids = np.unique(np.asarray(ids, np.int64))
        columns = self._read(ids, start, end)
        return Samples(ids[columns.rows], columns.times * MS, columns.values)

    def latest(self, ids: IntArray) -> tuple[IntArray, FloatArray]:
        """Returns time and value of each newest sample."""
        ids = np.asarray(ids, np.int64)
        times = np.full(len(ids), _EARLIEST * MS, np.int64)
        values = np.full(len(ids), np.nan)
        for run in self._runs:
            position = np.searchsorted(run.keys, _key(ids + 1, _EARLIEST)) - 1
            key = run.keys[np.maximum(position, 0)]
            time = ((key & ((1 << _BITS) - 1)) + _EARLIEST) * MS
            newer = (position >= 0) & (key >> _BITS == ids) & (time >= times)
            times[newer] = time[newer]
            values[newer] = run.values[position[newer]]
        times[np.isnan(values)] = 0
        return times, values

    def earliest(self, ids: IntArray) -> IntArray:
        """Returns the time of each oldest sample."""
        ids = np.asarray(ids, np.int64)
        never = np.iinfo(np.int64).max
        times = np.full(len(ids), never)
        for run in self._runs:
            if not len(run.keys):
                continue
            position = np.minimum(
                np.searchsorted(run.keys, _key(ids, _EARLIEST)), len(run.keys) - 1
            )
            key = run.keys[position]
            time = ((key & ((1 << _BITS) - 1)) + _EARLIEST) * MS
            older = (key >= _key(ids, _EARLIEST)) & (key >> _BITS == ids) & (time < times)
            times[older] = time[older]
        times[times == never] = 0
        return times

    def retain(self, before: datetime) -> int:
        """Drops whole UTC days before the given time."""
        first = to_ns(before) // DAY * DAY // MS
        dropped = 0
        with self._lock:
            kept = []
            for run in self._runs:
                keep = (run.keys & ((1 << _BITS) - 1)) + _EARLIEST >= first
                kept.append(_Run(run.keys[keep], run.values[keep]))
            merged = _merge(self._runs)
            dropped = len(merged.keys)
            self._runs = [run for run in kept if len(run.keys)]
            dropped -= len(_merge(self._runs).keys)
        return dropped

    def rollup(self, start: int, end: int) -> int:
        """Writes nothing: aggregations are always computed from the samples."""
        del start, end
        return 0

    def status(self) -> Mapping[str, object]:
        """Returns how much is held."""
        held = sum(len(run.keys) for run in self._runs)
        return {"engine": "memory", "samples": held, "bytes": held * 16, "damage": ()}

    def close(self) -> None:
        """Does nothing; the samples stay readable."""

    def _fill_last(self, ids: IntArray, grid: Grid, matrix: FloatArray) -> None:
        """Writes the newest sample of each cell, looking at few of the others."""
        low, high = _key(ids, _clip(-(-grid.start // MS))), _key(ids, _clip(-(-grid.end // MS)))
        begin, newest = _key(ids, grid.start // MS), np.full(matrix.shape, -1)
        for run in self._runs:
            first, end = np.searchsorted(run.keys, low), np.searchsorted(run.keys, high)
            _run(run.keys, run.values, first, end, begin, grid.step // MS, newest, matrix)

    def _read(self, ids: IntArray, start: int, end: int) -> Columns:
        runs = self._runs
        low = _key(ids, _clip(-(-start // MS)))
        high = _key(ids, _clip(-(-end // MS)))
        rows, keys, values = [], [], []
        for run in runs:
            positions, row = run.between(low, high)
            if len(positions):
                rows.append(row)
                keys.append(run.keys[positions])
                values.append(run.values[positions])
        if not rows:
            nothing = np.empty(0, np.int64)
            return Columns(nothing, nothing, np.empty(0))
        times = (np.concatenate(keys) & ((1 << _BITS) - 1)) + _EARLIEST
        if len(rows) == 1:
            return Columns(rows[0], times, values[0])
        return Columns.arrange(np.concatenate(rows), times, np.concatenate(values))


def _key(ids: IntArray, time_ms: IntArray | int) -> IntArray:
    return np.asarray((ids << _BITS) + (time_ms - _EARLIEST))


def _clip(time_ms: int) -> int:
    return min(max(time_ms, _EARLIEST), -_EARLIEST - 1)


def _last(
    keys: IntArray,
    values: FloatArray,
    first: IntArray,
    end: IntArray,
    begin: IntArray,
    step: int,
    newest: IntArray,
    matrix: FloatArray,
) -> None:
    """Takes each cell's last sample of one run, unless an older run has a later one.

    From the first sample of a cell its last is searched in leaps that double, then halve.

    Source: Bentley and Yao, "An almost optimal algorithm for unbounded searching" (1976).
    """
    for row in range(len(begin)):
        place = first[row]
        while place < end[row]:
            cell = (keys[place] - begin[row]) // step
            bound = begin[row] + (cell + 1) * step
            leap = 1
            while place + leap < end[row] and keys[place + leap] < bound:
                place += leap
                leap *= 2
            while leap:
                if place + leap < end[row] and keys[place + leap] < bound:
                    place += leap
                leap //= 2
            if keys[place] >= newest[row, cell]:
                newest[row, cell] = keys[place]
                matrix[row, cell] = values[place]
            place += 1


_run = njit(cache=True, nogil=True)(_last)


def _merge(runs: list[_Run]) -> _Run:
    if not runs:
        return _Run(np.empty(0, np.int64), np.empty(0))
    keys = np.concatenate([run.keys for run in runs])
    return _Run.of(keys, np.concatenate([run.values for run in runs]))


def _create(settings: NoSettings) -> SeriesStore:
    del settings
    return MemoryStore()


PLUGIN: Final = Plugin(
    summary="Series in memory, for tests, try and replay; nothing survives the process",
    settings=NoSettings,
    create=_create,
    stability=Stability.STABLE,
)
