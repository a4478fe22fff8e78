"""From the text of an export straight to the cells of a panel, for last values.

The numbers of a line pass through a small buffer that stays in the processor's cache; arrays
of all samples in between would cost as much as reading the numbers does.
"""

from typing import Any

import numpy as np
from numba import njit

from aiops.domain.panel import Aggregation
from aiops.domain.series import FloatArray, IntArray
from aiops.store.grid import MS, Grid, fill
from aiops.store.remote.arrange import arrange, flatten
from aiops.store.remote.export_lines import BETWEEN, decode, read_heads
from aiops.store.remote.numbers import as_bytes, parse_lines


def fill_last(matrix: FloatArray, grid: Grid, ids: IntArray, body: bytes, source: str) -> None:
    """Fills the newest value of each cell.

    Args:
        matrix: ``(len(ids), cells)``.
        ids: Sorted and distinct.

    Raises:
        Unreachable: It is not what an export answers, or it is cut off.
    """
    heads = read_heads(body, source)
    rows = np.searchsorted(ids, heads.series)
    plain = len(np.unique(rows)) == len(rows) and not heads.revisions.any()
    start, step = grid.start // MS, grid.step // MS
    text = as_bytes(body)
    if plain and _fill(matrix, rows, start, step, text, heads.cuts, heads.ends, BETWEEN):
        return
    fill(matrix, grid, arrange(*flatten(ids, decode(body, source)))[0], Aggregation.LAST)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def _fill(
    matrix: Any, rows: Any, start: int, step: int, text: Any, cuts: Any, ends: Any, between: Any
) -> bool:
    """Returns whether it understood every line."""
    longest = 1
    for line in range(len(rows)):
        longest = max(longest, ends[line] - cuts[line])
    values, times = np.empty(longest // 2 + 1), np.empty(longest // 2 + 1, np.int64)
    bounds = np.zeros(2, np.int64)
    for line in range(len(rows)):
        cut, stop = cuts[line : line + 1], ends[line : line + 1]
        if parse_lines(text, cut, stop, between, values, times, bounds) != 1:
            return False
        _fill_row(matrix[rows[line]], start, step, times[: bounds[1]], values[: bounds[1]])
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba has no types
def _fill_row(row: Any, start: int, step: int, times: Any, values: Any) -> None:
    cell, end = -1, start  # the time at which the cell ends
    for at in range(len(times)):
        if times[at] >= end:  # as a rule the next cell: no division
            cell += 1
            end += step
            if times[at] >= end:
                cell = (times[at] - start) // step
                end = start + (cell + 1) * step
        if cell >= 0 and cell < len(row) and not np.isnan(values[at]):
            row[cell] = values[at]  # in order of time, so that the last one stays
