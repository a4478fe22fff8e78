"""Rows of a panel and their limits, described by their margins for :mod:`aiops.forecast.chance`."""

import numpy as np
from numpy.typing import NDArray

from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.forecast.chance import ALL_NAMES
from aiops.forecast.margins import describe_margins


def describe_rows(
    panel: Panel,
    limits: FloatArray,
    up: NDArray[np.bool_],
    ahead: IntArray,
    by_trend: FloatArray | None = None,
    by_errors: FloatArray | None = None,
) -> NDArray[np.float32]:
    """Returns ``(n, len(ALL_NAMES))``; rows without any value are all NaN.

    Args:
        limits: ``(n,)``; ``up``: ``(n,)`` whether met from below.
        ahead: ``(n,)`` cells ahead.
        by_trend: ``(n,)`` share of replayed trends that meet the limit, NaN where not asked.
        by_errors: ``(n,)`` the same of error paths around a forecast.
    """
    n = len(limits)
    told = np.full((n, len(ALL_NAMES)), np.nan, dtype=np.float32)
    seen = panel.usable.any(axis=1)
    day = day_cells(panel)
    for cells in np.unique(ahead[seen]).tolist():
        rows = np.flatnonzero(seen & (ahead == cells))
        sign = np.where(up[rows], 1.0, -1.0)
        usable = panel.usable[rows]
        values = np.where(usable, panel.values[rows], np.nan) * sign[:, None]
        newest = usable.shape[1] - 1 - usable[:, ::-1].argmax(axis=1)
        last = values[np.arange(len(rows)), newest]
        start = np.asarray(usable.argmax(axis=1), dtype=np.int64)
        told[rows, :-2] = describe_margins(
            values - last[:, None], start, limits[rows] * sign - last, cells, day
        )
    for place, opinion in ((-2, by_trend), (-1, by_errors)):
        if opinion is not None:
            told[:, place] = opinion
    return told


def day_cells(panel: Panel) -> int:
    """Returns the cells of a day where the panel has a clock and spans three of them, else 0."""
    if panel.ordinal:
        return 0
    cells = round(86_400 / panel.step.total_seconds())
    exact = abs(cells * panel.step.total_seconds() - 86_400) < 60
    return cells if exact and cells >= 4 and len(panel.times) >= 3 * cells else 0
