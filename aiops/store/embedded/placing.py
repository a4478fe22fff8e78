"""Places samples in the cells of a matrix, as fast as memory allows."""

from typing import Any, Final

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray
from aiops.store.grid import MS, Grid

_TALL: Final = 8
"""Rows moved at a time: as many values of one cell as share a line of the cache."""


class Cells:
    """A matrix of distinct series by cells, filled from left to right.

    Every column must be filled or left empty once; the matrix is not cleared beforehand.

    Args:
        ids: In the order of the rows.
        grid: Its step divides a day.
    """

    def __init__(self, ids: IntArray, grid: Grid) -> None:
        self.matrix: FloatArray = np.empty((len(ids), grid.cells))
        self._low = int(ids.min())
        self._rows = np.full(int(ids.max()) - self._low + 1, -1, np.int32)
        self._rows[ids - self._low] = np.arange(len(ids), dtype=np.int32)
        self._start, self._step = grid.start // MS, grid.step // MS
        self._strip: FloatArray = np.empty((0, len(ids)))

    def leave_empty(self, first: int, last: int) -> None:
        """Fills the columns ``[first, last)`` with NaN."""
        self.matrix[:, first:last] = np.nan

    def put_rows(self, base: int, columns: tuple[NDArray[Any], ...]) -> None:
        """Places samples that come series by series into columns left empty.

        Args:
            base: Added to the times (ms).
            columns: Series, times and values. Other series than the matrix has are left out; of
                samples in one cell the last stays.
        """
        since = base - self._start
        _run_rows(self.matrix, self._rows, self._low, *columns, since, self._step)

    def put_any(
        self, base: int, columns: tuple[NDArray[Any], ...], newest: NDArray[np.int32], first: int
    ) -> None:
        """Places samples in any order; see :meth:`put_rows`.

        Args:
            newest: Time of the sample that each cell from ``first`` on has, -1 for none.
        """
        since = base - self._start
        numbers = (since, self._step, first)
        _run_any(self.matrix, self._rows, self._low, *columns, *numbers, newest)

    def begin_columns(self, first: int, last: int) -> None:
        """Begins to collect samples of these columns, which come time by time.

        Each of them would be written to another page of the matrix. They go into a strip, a row
        of it for each cell, and from there into the matrix many cells at once.
        """
        if len(self._strip) < last - first:
            self._strip = np.empty((last - first, len(self.matrix)))
        self._strip[: last - first] = np.nan

    def put_columns(self, first: int, base: int, columns: tuple[NDArray[Any], ...]) -> None:
        """Collects samples; see :meth:`put_rows`."""
        since = base - self._start
        _run_columns(self._strip, self._rows, self._low, *columns, since, self._step, first)

    def end_columns(self, first: int, last: int) -> None:
        """Fills the columns with what was collected."""
        _run_move(self._strip, self.matrix, first, last - first)


def _put_rows(
    matrix: Any, rows: Any, low: int, series: Any, times: Any, values: Any, since: int, step: int
) -> None:
    before, row = np.int64(-1), np.int64(-1)
    cell, begin, end = np.int64(0), np.int64(0), np.int64(0)
    for i in range(len(series)):
        if series[i] != before:
            before = np.int64(series[i])
            row = np.int64(rows[before - low])
        at = times[i] + since
        if at < begin or at >= end:
            follows = end <= at < end + step and end > begin
            cell = cell + 1 if follows else at // step
            begin = cell * step
            end = begin + step
        if row >= 0:
            matrix[row, cell] = values[i]


def _put_columns(
    strip: Any,
    rows: Any,
    low: int,
    series: Any,
    times: Any,
    values: Any,
    since: int,
    step: int,
    first: int,
) -> None:
    i = 0
    while i < len(series):
        cell = (times[i] + since) // step
        begin = cell * step - since
        end = begin + step
        line = strip[cell - first]
        while i < len(series) and begin <= times[i] < end:
            row = rows[series[i] - low]
            if row >= 0:
                line[row] = values[i]
            i += 1


def _put_any(
    matrix: Any,
    rows: Any,
    low: int,
    series: Any,
    times: Any,
    values: Any,
    since: int,
    step: int,
    first: int,
    newest: Any,
) -> None:
    for i in range(len(series)):
        row = rows[series[i] - low]
        cell = (times[i] + since) // step
        if row >= 0 and times[i] > newest[row, cell - first]:
            newest[row, cell - first] = times[i]
            matrix[row, cell] = values[i]


def _move(strip: Any, matrix: Any, first: int, width: int) -> None:
    for top in range(0, len(matrix), _TALL):
        for row in range(top, min(top + _TALL, len(matrix))):
            line = matrix[row, first : first + width]
            for cell in range(width):
                line[cell] = strip[cell, row]


_MATRIX: Final = types.float64[:, ::1]
_INTS: Final = types.Array(types.int32, 1, "C", readonly=True)
_FLOATS: Final = types.Array(types.float64, 1, "C", readonly=True)
_NUMBER: Final = types.int64
_SAMPLES: Final = (_MATRIX, _INTS, _NUMBER, _INTS, _INTS, _FLOATS, _NUMBER, _NUMBER)

# Compiled at import (once, then loaded), so that no read waits for it.
_run_rows = njit(types.void(*_SAMPLES), cache=True, nogil=True)(_put_rows)
_run_columns = njit(types.void(*_SAMPLES, _NUMBER), cache=True, nogil=True)(_put_columns)
_run_any = njit(types.void(*_SAMPLES, _NUMBER, types.int32[:, ::1]), cache=True, nogil=True)(
    _put_any
)
_run_move = njit(types.void(_MATRIX, _MATRIX, _NUMBER, _NUMBER), cache=True, nogil=True)(_move)
