"""The first and the last day of each series, found in the index of a server alone.

Reading whole histories for it would take minutes: of 90 days of 5,000 series at one minute,
the index is asked some ten times, and then one day of samples is read.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from aiops.domain.series import IntArray

SPAN: Final = 32
"""Days that are asked for at once. Source: VictoriaMetrics looks spans of up to 40 days up by
day; of longer ones it tells only which series there have ever been."""

Present = Callable[[IntArray, int, int], IntArray]
"""Ids and days ``[first, end)`` to those of the ids that have samples there."""


def end_days(present: Present, ids: IntArray, first: int, end: int, *, newest: bool) -> IntArray:
    """Returns the day of each series' oldest or newest sample, -1 where it has none.

    Args:
        ids: Sorted and distinct.
        first: Days before it are not looked at.
        end: The day after the last one looked at.

    >>> held = {7: {3, 90}, 8: {50}}
    >>> def present(ids, first, end):
    ...     days = set(range(first, end))
    ...     return np.array([i for i in ids.tolist() if held[i] & days], np.int64)
    >>> [end_days(present, np.array([7, 8]), 0, 99, newest=n).tolist() for n in (False, True)]
    [[3, 50], [90, 50]]
    """
    days = np.full(len(ids), -1, np.int64)
    left = present(ids, first, end)  # of a long span: which have ever been
    begins = range(first, end, SPAN)
    for begin in reversed(begins) if newest else begins:
        if not len(left):
            break
        stop = min(begin + SPAN, end)
        here = np.intersect1d(left, present(left, begin, stop))
        left = np.setdiff1d(left, here)
        _halve(present, here, begin, stop, newest, ids, days)
    return days


def _halve(
    present: Present,
    here: IntArray,
    first: int,
    end: int,
    newest: bool,
    ids: IntArray,
    days: IntArray,
) -> None:
    """Narrows down to one day, for series that are known to have samples in the span."""
    if not len(here):
        return
    if end - first == 1:
        days[np.searchsorted(ids, here)] = first
        return
    middle = (first + end) // 2
    halves = [(middle, end), (first, middle)] if newest else [(first, middle), (middle, end)]
    sooner = np.intersect1d(here, present(here, *halves[0]))
    _halve(present, sooner, *halves[0], newest, ids, days)
    _halve(present, np.setdiff1d(here, sooner), *halves[1], newest, ids, days)
