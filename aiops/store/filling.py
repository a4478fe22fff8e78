"""Fills the live window of one step class from stored samples."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError
from aiops.contracts.store import SeriesStore
from aiops.domain.instant import duration
from aiops.domain.panel import Aggregation
from aiops.domain.series import FloatArray, IntArray
from aiops.store.grid import MS, Columns, longest_gap
from aiops.store.window import Window, window_bytes

_LEAST_ROWS: Final = 16
_READ_CELLS: Final = 1 << 22
"""What new rows are read from the store with at once (32 MB), however many there are."""
_NEVER: Final = np.iinfo(np.int64).min


class StepClass:
    """The window of one step class and the last sample of each of its rows."""

    def __init__(self, store: SeriesStore, path: Path, cells: int, step: int) -> None:
        self._store, self._path, self._cells, self._step = store, path, cells, step
        self._step_ms = step // MS
        self._last_time = np.full(0, _NEVER, np.int64)
        self._last_value = np.zeros(0)
        self._full = False
        self.window: Window | None = None

    @property
    def size(self) -> int:
        """Bytes of its file."""
        return 0 if self.window is None else window_bytes(self.window.capacity, self._cells)

    def make_room(self, ids: IntArray, budget: int) -> bool:
        """Grows the window for new ids; False when it would pass the budget."""
        if self._full:
            return False
        window = self.window
        if window is not None:
            unknown = ids[window.rows_of(ids) < 0]
            needed = window.rows + (len(np.unique(unknown)) if len(unknown) else 0)
            if needed <= window.capacity:
                return True
        else:
            needed = len(np.unique(ids))
        capacity = max(needed + needed // 2, _LEAST_ROWS)
        if window_bytes(capacity, self._cells) > budget:
            capacity = needed
        if window_bytes(capacity, self._cells) > budget:
            self.drop()
            self._full = True
            return False
        if window is None:
            self.window = Window.create(self._path, capacity, self._cells, self._step)
        else:
            self.window = window.grow(capacity)
        more = capacity - len(self._last_time)
        self._last_time = np.concatenate([self._last_time, np.full(more, _NEVER, np.int64)])
        self._last_value = np.concatenate([self._last_value, np.zeros(more)])
        return True

    def fill(
        self, ids: IntArray, times: IntArray, values: FloatArray, counters: NDArray[np.bool_]
    ) -> None:
        """Puts stored samples (times in ms) into the window.

        Args:
            counters: By id.
        """
        window = self._opened()
        rows = window.rows_of(ids)
        new = rows < 0
        top = int(times.max()) // self._step_ms
        self.begin_at(top)
        if new.any():
            self.load_missing(ids[new], counters)
            ids, rows, times, values = ids[~new], rows[~new], times[~new], values[~new]
        if not len(ids):
            return
        if not (rows[1:] > rows[:-1]).all():
            columns = Columns.arrange(rows, times, values)
            rows, times, values = columns.rows.astype(np.int64), columns.times, columns.values
        last = self._last_time[rows]
        late = times <= last
        if late.any():
            repeated = (times == last) & (values == self._last_value[rows])
            again = late & ~repeated
            self._fill_late(window, rows[again], times[again], values[again], counters)
            rows, times, values = rows[~late], times[~late], values[~late]
        if len(rows):
            self._fill_in_order(window, rows, times, values, counters[window.ids[rows]])

    def _fill_late(
        self,
        window: Window,
        rows: IntArray,
        times: IntArray,
        values: FloatArray,
        counters: NDArray[np.bool_],
    ) -> None:
        newest = times == self._last_time[rows]
        self._last_value[rows[newest]] = values[newest]
        cells = times // self._step_ms
        counts = counters[window.ids[rows]]
        reach = longest_gap(self._step) // self._step + 1  # a rate after it may change
        held = cells >= np.where(counts, window.oldest - reach, window.oldest)
        counts = counts[held]
        rows, times, values, cells = rows[held], times[held], values[held], cells[held]
        # An empty cell of a gauge had no sample before: what comes now is all there is.
        simple = ~counts & window.is_empty(rows, cells)
        if simple.any():
            window.begin()
            window.put(rows[simple], cells[simple], values[simple])
            window.end()
        if not simple.all():
            self._read_again(window, rows[~simple], times[~simple], counters)

    def _fill_in_order(
        self,
        window: Window,
        rows: IntArray,
        times: IntArray,
        values: FloatArray,
        counters: NDArray[np.bool_],
    ) -> None:
        shown, known = values, np.ones(len(rows), bool)
        if counters.any():
            same = np.r_[False, rows[1:] == rows[:-1]]
            before = np.where(same, np.r_[_NEVER, times[:-1]], self._last_time[rows])
            value = np.where(same, np.r_[0.0, values[:-1]], self._last_value[rows])
            passed = np.where(before == _NEVER, 0, times - before)
            risen = np.where(values < value, values, values - value)
            rates = risen / np.where(passed > 0, passed / 1000.0, np.nan)
            has_rate = (passed > 0) & (passed <= longest_gap(self._step) // MS)
            shown, known = np.where(counters, rates, values), ~counters | has_rate
        cells = times // self._step_ms
        known &= cells >= window.oldest
        window.begin()
        window.put(rows[known], cells[known], shown[known])
        window.end()
        self._last_time[rows] = times  # in order of time, so that the last one stays
        self._last_value[rows] = values

    def _read_again(
        self, window: Window, rows: IntArray, times: IntArray, counters: NDArray[np.bool_]
    ) -> None:
        """Late and repeated samples: the store knows what their cells are now."""
        rows_again = np.unique(rows)
        ids = window.ids[rows_again].copy()
        counts = counters[ids]
        first = max(int(times.min()) // self._step_ms, window.oldest)
        reach = longest_gap(self._step) // MS if counts.any() else 0
        last = min((int(times.max()) + reach) // self._step_ms, window.newest)
        if first > last:
            return
        read = self._read(ids, first, last + 1, counts)
        window.begin()
        window.put_block(rows_again, first, read)
        window.end()

    def begin_at(self, newest: int) -> None:
        """Moves on to a cell, if it is newer."""
        window = self._opened()
        if newest > window.newest or window.newest < window.oldest:
            window.begin()
            window.advance(newest)
            window.end()

    def load_missing(self, ids: IntArray, counters: NDArray[np.bool_]) -> None:
        """Adds those of the series that it does not hold."""
        window = self._opened()
        fresh = np.unique(ids[window.rows_of(ids) < 0])
        some = max(_READ_CELLS // self._cells, 1)
        for at in range(0, len(fresh), some):
            self._load(fresh[at : at + some], counters[fresh[at : at + some]])

    def _load(self, ids: IntArray, counters: NDArray[np.bool_]) -> None:
        """Adds series with the cells the store has of them."""
        window = self._opened()
        first, newest = window.oldest, window.newest
        values = self._read(ids, first, newest + 1, counters)
        at, value = self._store.latest(ids)
        has_value = np.isfinite(values)
        earliest = values[np.arange(len(ids)), has_value.argmax(axis=1)]
        anchors = np.where(counters | ~has_value.any(axis=1), 0.0, earliest)
        held = np.flatnonzero(has_value.any(axis=0))
        window.begin()
        rows = window.add(ids, anchors)
        if len(held):  # of series that have just begun it is the newest cell
            window.put_block(rows, first + int(held[0]), values[:, held[0] :])
        window.end()
        self._last_time[rows] = np.where(np.isnan(value), _NEVER, at // MS)
        self._last_value[rows] = value

    def _read(
        self, ids: IntArray, first: int, last: int, counters: NDArray[np.bool_]
    ) -> FloatArray:
        step = duration(self._step)
        start, end = first * self._step, last * self._step
        return self._store.panel(ids, start, end, step, Aggregation.LAST, counters).values

    def _opened(self) -> Window:
        if self.window is None:
            raise StoreError(f"{self._path}: the live window is closed")
        return self.window

    def drop(self) -> None:
        """Removes its file; who has it mapped sees that it is retired."""
        window, self.window = self.window, None
        if window is not None:
            window.retire()
            self._path.unlink(missing_ok=True)
        self._last_time, self._last_value = self._last_time[:0], self._last_value[:0]
