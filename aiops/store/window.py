"""The live window: the newest cells of every series of one step class, in one mapped file.

Cells lie in a ring ``float32[rows][cells]``: column = cell number modulo cells. Gauges are
kept as the difference from a float64 anchor of their row (the first value seen), counters as
rate per second. A value read back differs from the stored one by at most 6e-8 of its distance
from the anchor (half a unit of float32).

Another process maps the same file and reads it without asking: an odd ``sequence`` says that
a write is going on, a changed one that the read must be repeated.
"""

import contextlib
import mmap
import os
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError
from aiops.domain.series import FloatArray, IntArray

_MAGIC: Final = 0x574F_4449_4E57_0001
_PAGE: Final = 4096
_FIELDS: Final = [
    "magic",
    "sequence",
    "rows",
    "capacity",
    "cells",
    "step",
    "oldest",
    "newest",
    "retired",
]
_TRIES: Final = 4

_SIGNATURE: Final = types.void(
    types.Array(types.float32, 2, "C", readonly=True),
    types.Array(types.float64, 1, "C", readonly=True),
    types.Array(types.int64, 1, "C", readonly=True),
    types.int64,
    types.int64,
    types.int64,
    types.float64[:, ::1],
    types.uint8[:, ::1],
)


class Window:
    """Reads (and its owner writes) the window file of one step class."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.path = path
        flags = os.O_RDWR if writable else os.O_RDONLY
        handle = os.open(path, flags)
        try:
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            self._map = mmap.mmap(handle, 0, access=access)
        finally:
            os.close(handle)
        self._header: IntArray = np.frombuffer(self._map, np.int64, len(_FIELDS))
        if self._header[0] != _MAGIC:
            raise StoreError(f"{path}: is no live window of this version; delete it")
        self.cells, self.step = int(self._header[4]), int(self._header[5])
        capacity = int(self._header[3])
        parts = _layout(capacity, self.cells)
        self.ids: IntArray = self._part(parts["ids"], np.int64, capacity)
        self.anchors: FloatArray = self._part(parts["anchors"], np.float64, capacity)
        matrix = self._part(parts["matrix"], np.float32, capacity * self.cells)
        self.matrix: NDArray[np.float32] = matrix.reshape(capacity, self.cells)
        self._row_by_id = np.full(0, -1, np.int64)
        self._rows_known = 0

    def _part(self, offset: int, kind: Any, count: int) -> NDArray[Any]:
        return np.frombuffer(self._map, kind, count, offset)

    @classmethod
    def create(cls, path: Path, capacity: int, cells: int, step: int) -> Self:
        """Makes an empty file aside, then gives it its name.

        Raises:
            StoreError: There is no room for it.
        """
        aside = path.with_name(path.name + ".part")
        size = window_bytes(capacity, cells)
        header = np.array([_MAGIC, 0, 0, capacity, cells, step, 0, -1, 0], np.int64)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with aside.open("wb") as file:
                file.write(header.tobytes())
                # Room is taken now: a full disk later would kill the process (SIGBUS).
                os.posix_fallocate(file.fileno(), 0, size)
            aside.rename(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise StoreError(f"{path}: no live window of {size} bytes: {error}") from error
        return cls(path, writable=True)

    @property
    def rows(self) -> int:
        """How many series it holds."""
        return int(self._header[2])

    @property
    def capacity(self) -> int:
        """How many series fit."""
        return int(self._header[3])

    @property
    def oldest(self) -> int:
        """First cell number that is held."""
        return int(self._header[6])

    @property
    def newest(self) -> int:
        """Last cell number that is held, less than ``oldest`` when there is none."""
        return int(self._header[7])

    @property
    def is_retired(self) -> bool:
        """Whether a larger file has taken this one's name."""
        return bool(self._header[8])

    def rows_of(self, ids: IntArray) -> IntArray:
        """Returns the row of each id, -1 for those it does not hold."""
        if self._rows_known != self.rows:
            rows = self.rows
            known = self.ids[:rows]
            table = np.full(int(known.max()) + 1 if rows else 0, -1, np.int64)
            table[known] = np.arange(rows)
            self._row_by_id, self._rows_known = table, rows
        table = self._row_by_id
        if not len(ids) or (ids.max() < len(table) and ids.min() >= 0):
            return table[ids]
        inside = (ids >= 0) & (ids < len(table))
        found = np.full(len(ids), -1, np.int64)
        found[inside] = table[ids[inside]]
        return found

    def holds(self, first: int, last: int) -> bool:
        """Whether the cells ``[first, last)`` are all held."""
        return self.oldest <= first < last <= self.newest + 1

    def columns(self, first: int, last: int) -> list[slice]:
        """Returns the one or two runs of columns of the cells ``[first, last)``."""
        low = first % self.cells
        high = low + last - first
        if high <= self.cells:
            return [slice(low, high)]
        return [slice(low, self.cells), slice(0, high - self.cells)]

    def read(
        self, ids: IntArray, first: int, last: int
    ) -> tuple[FloatArray, NDArray[np.uint8]] | None:
        """Returns ``(len(ids), last - first)`` values, NaN where there is none, and quality.

        None when it does not hold all of these series and cells, or is written too busily.
        """
        for _ in range(_TRIES):
            sequence = int(self._header[1])
            if sequence & 1:
                os.sched_yield()
                continue
            rows = self.rows_of(ids)
            if self.is_retired or not self.holds(first, last) or (rows < 0).any():
                return None
            copied = self._copy(rows, first, last)
            if int(self._header[1]) == sequence:
                return copied
        return None

    def _copy(self, rows: IntArray, first: int, last: int) -> tuple[FloatArray, NDArray[np.uint8]]:
        values = np.empty((len(rows), last - first))
        missing = np.empty(values.shape, np.uint8)
        done = 0
        for run in self.columns(first, last):
            width = run.stop - run.start
            _run(self.matrix, self.anchors, rows, run.start, done, width, values, missing)
            done += width
        return values, missing

    def begin(self) -> None:
        """Says that a write begins."""
        self._header[1] |= 1

    def end(self) -> None:
        """Says that a write is over; also after one that failed."""
        self._header[1] += 1

    def advance(self, cell: int) -> None:
        """Makes room for cells up to ``cell``, empty, forgetting the oldest."""
        newest = self.newest
        if cell <= newest and newest >= self.oldest:
            return
        if newest < self.oldest or cell - newest >= self.cells:
            self.matrix[: self.rows] = np.nan
        else:
            for run in self.columns(newest + 1, cell + 1):
                self.matrix[: self.rows, run] = np.nan
        self._header[6] = cell - self.cells + 1
        self._header[7] = cell

    def put(self, rows: IntArray, cells: IntArray, values: FloatArray) -> None:
        """Writes values of held cells; of one cell named twice the last value stays."""
        self.matrix[rows, cells % self.cells] = values - self.anchors[rows]

    def is_empty(self, rows: IntArray, cells: IntArray) -> NDArray[np.bool_]:
        """Returns which of the held cells have no value."""
        return np.isnan(self.matrix[rows, cells % self.cells])

    def put_block(self, rows: IntArray, first: int, values: FloatArray) -> None:
        """Writes all cells of some rows from ``first`` on, NaN too."""
        deltas = values - self.anchors[rows][:, None]
        at = 0
        for run in self.columns(first, first + values.shape[1]):
            width = run.stop - run.start
            self.matrix[rows[:, None], np.arange(run.start, run.stop)] = deltas[:, at : at + width]
            at += width

    def add(self, ids: IntArray, anchors: FloatArray) -> IntArray:
        """Gives new ids the next rows, all cells empty.

        Raises:
            StoreError: They do not fit.
        """
        first = self.rows
        if first + len(ids) > self.capacity:
            raise StoreError(f"{self.path}: holds {self.capacity} series, no more")
        rows = np.arange(first, first + len(ids))
        self.ids[rows] = ids
        self.anchors[rows] = anchors
        self.matrix[first : first + len(ids)] = np.nan
        self._header[2] = first + len(ids)
        return rows

    def grow(self, capacity: int) -> "Window":
        """Returns a larger file with the same content; this one is retired."""
        larger = Window.create(self.path, capacity, self.cells, self.step)
        rows = self.rows
        larger.ids[:rows] = self.ids[:rows]
        larger.anchors[:rows] = self.anchors[:rows]
        larger.matrix[:rows] = self.matrix[:rows]
        larger._header[[2, 6, 7]] = self._header[[2, 6, 7]]  # noqa: SLF001  # its own kind
        self.retire()
        return larger

    def retire(self) -> None:
        """Tells readers that this file is no longer written."""
        self._header[8] = 1


def window_bytes(capacity: int, cells: int) -> int:
    """Returns the size of a window file."""
    return _layout(capacity, cells)["end"]


def _layout(capacity: int, cells: int) -> dict[str, int]:
    anchors = _PAGE + capacity * 8
    matrix = -(-(anchors + capacity * 8) // _PAGE) * _PAGE
    end = matrix + capacity * cells * 4
    return {"ids": _PAGE, "anchors": anchors, "matrix": matrix, "end": end}


def _widen(
    matrix: Any, anchors: Any, rows: Any, low: int, at: int, width: int, values: Any, missing: Any
) -> None:
    """Differences to values and their quality in one pass: memory is what a read costs.

    Quality.MISSING is 1, OK is 0.
    """
    for i in range(len(rows)):
        anchor = anchors[rows[i]]
        cells = matrix[rows[i], low : low + width]
        wide = values[i, at : at + width]
        empty = missing[i, at : at + width]
        for j in range(width):
            value = np.float64(cells[j]) + anchor
            wide[j] = value
            empty[j] = np.isnan(value)


# Compiled when it is imported (once; then it is loaded), so that no read waits for it.
_run = njit(_SIGNATURE, cache=True, nogil=True)(_widen)
