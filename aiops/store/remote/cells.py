"""Panels out of samples that come from far away, a slice of the fleet at a time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.store.grid import MS, Columns, Grid, fill, longest_gap, to_rates

SLICE: Final = 500
"""Series per request. Source: measured with VictoriaMetrics: larger answers only cost memory."""

ReadColumns = Callable[[IntArray, int, int], Columns]
"""Ids (sorted, distinct) and ``[start, end)`` in ns to columns, rows counted in the ids."""


def whole_cells(start: int, end: int) -> tuple[int, int]:
    """Returns the first and the last-but-one ms of ``[start, end)`` ns.

    >>> whole_cells(1, 2_000_000)
    (1, 2)
    """
    return -(-start // MS), -(-end // MS)


def build_panel(
    read: ReadColumns,
    ids: IntArray,
    start: int,
    end: int,
    step: timedelta,
    aggregation: Aggregation,
    counters: NDArray[np.bool_] | None,
) -> Panel:
    """Reads a fleet and fills its cells; see the contract of stores."""
    ids = np.asarray(ids, np.int64)
    grid = Grid.of(start, end, step)
    distinct, place = np.unique(ids, return_inverse=True)
    matrix = np.full((len(distinct), grid.cells), np.nan)
    counts = np.zeros(len(distinct), bool)
    if counters is not None and len(ids):
        counts[place] = np.asarray(counters, bool)
    if matrix.size:
        for at in range(0, len(distinct), SLICE):
            part, rows = distinct[at : at + SLICE], counts[at : at + SLICE]
            look_back = longest_gap(grid.step) if rows.any() else 0
            columns = read(part, grid.start - look_back, grid.end)
            fill_rows(matrix[at : at + SLICE], grid, columns, aggregation, rows)
    values = (
        matrix
        if len(ids) == len(distinct) and (place == np.arange(len(ids))).all()
        else matrix[place]
    )
    return grid.panel(ids, values, aggregation)


def fill_again(
    matrix: FloatArray,
    grid: Grid,
    ids: IntArray,
    rows: IntArray,
    times: IntArray,
    read: ReadColumns,
) -> None:
    """Reads once more the last values of cells that samples were just written into.

    Args:
        ids: Sorted and distinct, of the rows of the matrix.
        rows: ``(n,)`` of those samples, in any order.
        times: ``(n,)`` ms.
    """
    if not len(rows):
        return
    touched = np.unique(rows)
    step = grid.step // MS
    first = (int(times.min()) - grid.start // MS) // step
    end = (int(times.max()) - grid.start // MS) // step + 1
    part = Grid(grid.start + first * grid.step, grid.start + end * grid.step, grid.step)
    for at in range(0, len(touched), SLICE):
        some = touched[at : at + SLICE]
        again = np.full((len(some), part.cells), np.nan)
        fill(again, part, read(ids[some], part.start, part.end), Aggregation.LAST)
        matrix[some, first:end] = again


def fill_rows(
    matrix: NDArray[np.float64],
    grid: Grid,
    columns: Columns,
    aggregation: Aggregation,
    counts: NDArray[np.bool_],
) -> None:
    """Fills the rows of one slice; counters as rates."""
    if not counts.any():
        fill(matrix, grid, columns, aggregation)
        return
    is_counter = counts[columns.rows]
    fill(matrix, grid, columns.take(~is_counter), aggregation)
    fill(matrix, grid, to_rates(columns.take(is_counter), grid.step), aggregation)
