"""From the lines of an export to columns and cells."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from aiops.domain.panel import Aggregation
from aiops.domain.series import FloatArray, IntArray
from aiops.store.grid import MS, Columns, Grid, fill
from aiops.store.remote.export_lines import Line


def flatten(
    ids: IntArray, lines: Sequence[Line]
) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
    """Returns row, time, value and revision of every sample; NaN marks are left out."""
    counts = [len(line.times) for line in lines]
    numbers = np.array([line.series for line in lines], np.int64)
    rows = np.repeat(np.searchsorted(ids, numbers), counts)
    revisions = np.repeat(np.array([line.revision for line in lines], np.int64), counts)
    if not lines:
        return rows, np.empty(0, np.int64), np.empty(0), revisions
    times = np.concatenate([line.times for line in lines])
    values = np.concatenate([line.values for line in lines])
    known = np.isfinite(values)
    if known.all():
        return rows, times, values, revisions
    return rows[known], times[known], values[known], revisions[known]


def arrange(
    rows: IntArray, times: IntArray, values: FloatArray, revisions: IntArray
) -> tuple[Columns, IntArray]:
    """Sorts by row and time; of equal times the highest revision stays."""
    order = np.lexsort((revisions, times, rows))
    rows, times, values, revisions = rows[order], times[order], values[order], revisions[order]
    if len(rows) > 1:
        last = np.r_[(rows[1:] != rows[:-1]) | (times[1:] != times[:-1]), True]
        rows, times, values, revisions = rows[last], times[last], values[last], revisions[last]
    return Columns(rows, times, values), revisions


def fill_last(matrix: FloatArray, grid: Grid, ids: IntArray, lines: Sequence[Line]) -> None:
    """Fills the newest value of each cell; revised series take the careful way."""
    careful = {line.series for line in lines if line.revision}
    careful |= {n for n, count in Counter(line.series for line in lines).items() if count > 1}
    start, step = grid.start // MS, grid.step // MS
    for line in lines:
        if line.series not in careful and len(line.times):
            row = matrix[int(np.searchsorted(ids, line.series))]
            known = np.isfinite(line.values)
            times, values = line.times, line.values
            if not known.all():
                times, values = times[known], values[known]
            row[(times - start) // step] = values
    if careful:
        some = [line for line in lines if line.series in careful]
        fill(matrix, grid, arrange(*flatten(ids, some))[0], Aggregation.LAST)
