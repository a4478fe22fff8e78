"""What came at the same place of earlier months: a closing of the books is no trend.

A rise that came at the last month ends, fell back by itself and never met the limit is foreseen
as ending. Months differ in length, so a place in the month is told from the nearest turn of a
month, in the asset's own zone. A rise that stands higher, or lasts longer, than all its
precedents has none, and where rises come at other times of the month as well, the calendar
explains nothing.

Source: trading-day and month-length effects of calendar-based series (Findley et al., X-12-ARIMA,
1998); the share is Laplace's rule of succession.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from aiops.domain.instant import from_ns, to_ns
from aiops.domain.series import FloatArray, IntArray

_MONTHS: Final = 4
"""So many months, or one more, are looked back."""

_FEWEST: Final = 2
"""One earlier rise at the same place of a month may be chance."""

_NEAR: Final = 2 * 86400 * 10**9
"""Weekends move a closing by two days."""

_APART: Final = 86400 * 10**9
"""A calm of less than a day, such as a night, does not end a rise."""

_LONGER: Final = 1.25
"""A rise that has lasted a quarter longer than another has nothing more to learn of it."""

_HIGHER: Final = 0.05
"""A height missed by less of the rise is as high."""


@dataclass(frozen=True, slots=True)
class _Rise:
    """Times ``[begin, end)`` in ns above half of the present height, and its top."""

    begin: int
    end: int
    top: float


def look_back_from(now: datetime, zone: str) -> int:
    """Returns the time (ns) from which a history tells of earlier months.

    >>> now = datetime.fromisoformat("2026-05-30T12:00:00+00:00")
    >>> from_ns(look_back_from(now, "UTC")).isoformat()
    '2025-12-22T00:00:00+00:00'
    """
    return _turns(to_ns(now), zone)[0] - 10 * 86400 * 10**9


def bound_by_month(
    times: IntArray, values: FloatArray, limit: float, zone: str, *, up: bool
) -> float:
    """Returns the most that a crossing's probability may be, 1 where the calendar tells nothing.

    Args:
        times: ``(n_times,)`` ns, start of each cell.
        values: ``(n_times,)`` NaN where nothing is known.
    """
    known = np.isfinite(values)
    times, heights = times[known], values[known] if up else -values[known]
    if len(heights) < 2:
        return 1.0
    newest, usual = float(heights[-1]), float(np.median(heights))
    rises = _find_rises(times, heights, (usual + newest) / 2)
    if newest <= usual or not rises or rises[-1].end <= int(times[-1]):
        return 1.0
    *earlier, present = rises
    turns = _turns(present.begin, zone)
    last = min(turns, key=lambda turn: abs(present.begin - turn))
    places = [turn + present.begin - last for turn in turns if turn < last]
    places = [place for place in places if place - _NEAR >= int(times[0])]
    found = [_at(place, earlier) for place in places]
    alike = [rise for rise in found if rise is not None]
    strays = len(earlier) - len(alike) + found.count(None)
    if len(alike) < _FEWEST or 2 * strays > len(alike):
        return 1.0
    lasted = int(times[-1]) - present.begin
    slack, line = _HIGHER * (newest - usual), limit if up else -limit
    met = sum(rise.top >= line for rise in alike)
    turned = sum(
        newest - slack <= rise.top < line and lasted <= _LONGER * (rise.end - rise.begin)
        for rise in alike
    )
    return (met + 1) / (met + turned + 2) if turned else 1.0


def _find_rises(times: IntArray, heights: FloatArray, bar: float) -> list[_Rise]:
    """Returns the stretches above the bar, oldest first; short dips do not end one."""
    high = np.flatnonzero(heights > bar)
    if not len(high):
        return []
    cuts = np.flatnonzero(np.diff(times[high]) > _APART) + 1
    rises = []
    for part in np.split(high, cuts):
        end = int(times[min(part[-1] + 1, len(times) - 1)])
        if part[-1] == len(times) - 1:
            end += 1  # it has not ended
        rises.append(_Rise(int(times[part[0]]), end, float(heights[part].max())))
    return rises


def _at(place: int, rises: Sequence[_Rise]) -> _Rise | None:
    near = [rise for rise in rises if abs(rise.begin - place) <= _NEAR]
    return min(near, key=lambda rise: abs(rise.begin - place), default=None)


def _turns(at: int, zone: str) -> list[int]:
    """Returns where the last months began, up to the one after ``at``, oldest first."""
    local = from_ns(at).astimezone(ZoneInfo(zone))
    number = 12 * local.year + local.month - 1
    months = (divmod(each, 12) for each in range(number - _MONTHS, number + 2))
    return [to_ns(datetime(year, month + 1, 1, tzinfo=ZoneInfo(zone))) for year, month in months]
