"""Limits that are shares of another series: forecast is the ratio, for both may move."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from aiops.domain.forecast import Crossing, Milestone
from aiops.domain.panel import Panel, Quality
from aiops.domain.series import FloatArray, IntArray
from aiops.forecast.resolution import Request

ReadPanel = Callable[[IntArray, int, int, timedelta], Panel]
"""``read(ids, start, end, step)``: the panel of the ids in order, times in ns, half-open."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One row for each request.

    Attributes:
        panel: Values, or shares of the reference where a request has one.
        unit: ``(n,)`` what 1 is in the series' own unit: the reference's newest value; 1 where
            there is no reference, NaN where it has no value above 0.
    """

    panel: Panel
    unit: FloatArray

    def take(self, rows: IntArray) -> "Seen":
        """Returns some of the rows."""
        return Seen(self.panel.take(rows), self.unit[rows])


def read_seen(
    read: ReadPanel, asked: Sequence[Request], start: int, end: int, step: timedelta
) -> Seen:
    """Reads each series, and each reference, once."""
    own = np.array([request.series for request in asked], dtype=np.int64)
    others = np.array([request.reference for request in asked], dtype=np.int64)
    distinct = np.unique(np.concatenate([own, others[others > 0]]))
    panel = read(distinct, start, end, step)
    seen = panel.take(np.searchsorted(distinct, own))
    rows = np.flatnonzero(others > 0)
    if not len(rows):
        return Seen(seen, np.ones(len(asked)))
    whole = carry_on(panel.take(np.searchsorted(distinct, others[rows])))
    values, quality, unit = seen.values.copy(), seen.quality.copy(), np.ones(len(asked))
    with np.errstate(invalid="ignore", divide="ignore"):
        values[rows] = np.where(whole > 0, values[rows] / whole, np.nan)
    quality[rows] = np.where(np.isfinite(whole), quality[rows], Quality.MISSING)
    unit[rows] = whole[:, -1] if whole.shape[1] else np.nan
    return Seen(replace(seen, values=values, quality=quality), unit)


def carry_on(panel: Panel) -> FloatArray:
    """Returns values above 0, each kept until the next: a capacity is told only now and then.

    What lies before the first repeats it.
    """
    known = panel.usable & (panel.values > 0)
    n, width = known.shape
    if not width:
        return np.full((n, 0), np.nan)
    cells: IntArray = np.where(known, np.arange(width), -1)
    at: IntArray = np.maximum.accumulate(cells, axis=1)
    first: IntArray = known.argmax(axis=1).reshape(n, 1)
    kept = np.take_along_axis(panel.values, np.where(at < 0, first, at), axis=1)
    seen = known.any(axis=1).reshape(n, 1)
    return np.where(seen, kept, np.nan)


def in_own_unit(crossing: Crossing, request: Request, unit: float) -> Crossing:
    """Returns a crossing with limits and values in the unit of the series, and their origin."""
    if request.learnt_from:
        return replace(crossing, learnt_from=request.learnt_from)
    if not request.reference:
        return crossing
    warn = crossing.warn
    return replace(
        crossing,
        limit=crossing.limit * unit,
        value=crossing.value * unit,
        growth=crossing.growth * unit,
        warn=warn and Milestone(warn.limit * unit, warn.probability, warn.early, warn.late),
        of=request.of,
        share=crossing.limit,
    )
