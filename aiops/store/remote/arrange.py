"""From the lines of an export to columns."""

import numpy as np

from aiops.domain.series import FloatArray, IntArray
from aiops.store.grid import Columns
from aiops.store.remote.export_lines import Lines


def flatten(ids: IntArray, lines: Lines) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
    """Returns row, time, value and revision of every sample; NaN marks are left out."""
    counts = np.diff(lines.bounds)
    rows = np.repeat(np.searchsorted(ids, lines.series), counts)
    revisions = np.repeat(lines.revisions, counts)
    known = np.isfinite(lines.values)
    if known.all():
        return rows, lines.times, lines.values, revisions
    return rows[known], lines.times[known], lines.values[known], revisions[known]


def arrange(
    rows: IntArray, times: IntArray, values: FloatArray, revisions: IntArray
) -> tuple[Columns, IntArray]:
    """Sorts by row and time; of equal times the highest revision stays."""
    order = np.argsort(rows, kind="stable")
    after = np.diff(rows[order]) > 0
    if revisions.any() or not (after | (np.diff(times[order]) >= 0)).all():
        order = np.lexsort((revisions, times, rows))
    rows, times, values, revisions = rows[order], times[order], values[order], revisions[order]
    if len(rows) > 1:
        last = np.r_[(rows[1:] != rows[:-1]) | (times[1:] != times[:-1]), True]
        if not last.all():
            rows, times, values = rows[last], times[last], values[last]
            revisions = revisions[last]
    return Columns(rows, times, values), revisions
