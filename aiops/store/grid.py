"""From samples in order to the cells of a panel: the one definition of a cell's value."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError
from aiops.domain.instant import duration_ns
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.step import HOUR

MS = 1_000_000
"""Nanoseconds of a millisecond: stores keep 1 ms."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells ``[start + i * step, start + (i + 1) * step)``, in ns."""

    start: int
    end: int
    step: int

    @classmethod
    def of(cls, start: int, end: int, step: timedelta) -> "Grid":
        """Checks and builds a grid.

        Raises:
            StoreError: The step is no whole number of milliseconds, or the bounds are not on it.
        """
        step_ns = duration_ns(step)
        if step_ns < MS or step_ns % MS:
            raise StoreError(f"a panel's step is a whole number of milliseconds, not {step}")
        if start % step_ns or end % step_ns:
            raise StoreError(f"start {start} and end {end} must be multiples of the step {step}")
        return cls(start, max(start, end), step_ns)

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return (self.end - self.start) // self.step

    @property
    def times(self) -> IntArray:
        """``(cells,)`` start of each cell in ns."""
        return self.start + np.arange(self.cells, dtype=np.int64) * self.step

    def panel(
        self,
        ids: IntArray,
        values: FloatArray,
        aggregation: Aggregation,
        quality: NDArray[np.uint8] | None = None,
    ) -> Panel:
        """Wraps a ``(n_series, cells)`` matrix; NaN is missing."""
        if quality is None:
            quality = np.isnan(values).view(np.uint8)  # Quality.MISSING is 1, OK is 0
        step = timedelta(microseconds=self.step // 1000)
        series = np.asarray(ids, np.int64)
        return Panel(series, step, self.times, values, quality, aggregation)


@dataclass(frozen=True, slots=True)
class Columns:
    """Samples sorted by ``(row, time)``, each time once.

    Attributes:
        rows: ``(n,)`` integer row of a panel.
        times: ``(n,)`` int64 ms.
        values: ``(n,)`` float64.
    """

    rows: NDArray[np.integer]
    times: IntArray
    values: FloatArray

    @classmethod
    def arrange(cls, rows: NDArray[np.integer], times: IntArray, values: FloatArray) -> "Columns":
        """Sorts samples given in append order; of equal times the last one stays."""
        if (rows[1:] > rows[:-1]).all():  # a scrape: one sample of each series
            return cls(rows, times, values)
        order = np.lexsort((times, rows))
        rows, times, values = rows[order], times[order], values[order]
        if len(rows) > 1:
            last = np.ones(len(rows), bool)
            last[:-1] = (rows[1:] != rows[:-1]) | (times[1:] != times[:-1])
            if not last.all():
                rows, times, values = rows[last], times[last], values[last]
        return cls(rows, times, values)

    def take(self, mask: NDArray[np.bool_]) -> "Columns":
        """Returns the samples under the mask."""
        return Columns(self.rows[mask], self.times[mask], self.values[mask])


def longest_gap(step_ns: int) -> int:
    """Returns how long ago (ns) the sample before may be for a rate to be known.

    An hour and a step: longer silences say nothing of the time in between, and the bound
    makes a rate independent of where a panel starts.
    """
    return step_ns + HOUR


def to_rates(columns: Columns, step_ns: int) -> Columns:
    """Turns counter values into increase per second since the sample before.

    A fall is a restart of the counter at zero. Samples without one before them, or with one
    further back than :func:`longest_gap`, have no rate and are left out.
    """
    rows, times, values = columns.rows, columns.times, columns.values
    if len(rows) < 2:
        return columns.take(np.zeros(len(rows), bool))
    passed = times[1:] - times[:-1]
    known = (rows[1:] == rows[:-1]) & (passed * MS <= longest_gap(step_ns))
    risen = values[1:] - values[:-1]
    risen = np.where(risen < 0, values[1:], risen)[known]
    rates = risen / (passed[known] / 1000.0)
    return Columns(rows[1:][known], times[1:][known], rates)


def fill(matrix: FloatArray, grid: Grid, columns: Columns, aggregation: Aggregation) -> None:
    """Writes the cells that have samples into a ``(n_series, cells)`` matrix."""
    start, end = grid.start // MS, grid.end // MS
    columns = columns.take((columns.times >= start) & (columns.times < end))
    if not len(columns.rows):
        return
    flat = matrix.reshape(-1)
    cell = columns.rows.astype(np.int64) * grid.cells
    cell += (columns.times - start) // (grid.step // MS)
    if aggregation is Aggregation.LAST:
        flat[cell] = columns.values  # in order of time, so that the last one stays
        return
    first = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    flat[cell[first]] = _reduce(columns.values, first, aggregation)


def _reduce(values: FloatArray, first: IntArray, aggregation: Aggregation) -> FloatArray:
    counts: FloatArray = np.diff(np.r_[first, len(values)]).astype(np.float64)
    if aggregation is Aggregation.COUNT:
        return counts
    if aggregation is Aggregation.MEAN:
        means: FloatArray = np.add.reduceat(values, first) / counts
        return means
    if aggregation is Aggregation.MIN:
        return np.asarray(np.minimum.reduceat(values, first))
    return np.asarray(np.maximum.reduceat(values, first))
