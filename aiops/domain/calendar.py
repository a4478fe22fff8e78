"""Season phases of a grid in each row's own time zone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from aiops.domain.panel import Calendar
from aiops.domain.series import IntArray
from aiops.domain.step import DAY, HOUR, SECOND

_EPOCH = date(1970, 1, 1)
_MONDAY = 3
"""1970-01-01 was a Thursday: days since the epoch plus 3 are 0 on a Monday, modulo 7."""
_SATURDAY = 5


def build_calendar(
    times: IntArray,
    zones: Sequence[str],
    countries: Sequence[str] | None = None,
    days_off: Mapping[str, frozenset[date]] | None = None,
) -> Calendar:
    """Returns local time of day and of week for each cell, and whether it is a day off.

    Args:
        times: ``(n_times,)`` int64 ns UTC, ascending.
        zones: ``(n_series,)`` IANA names, one a row.
        countries: ``(n_series,)`` country codes, "" where unknown: there, and in countries
            without an entry below, Saturdays and Sundays are off.
        days_off: Country to every day nobody works, weekends among them.

    The clock goes back at 01:00 UTC on 25 October 2026 in Berlin: two cells, one phase.

    >>> hours = np.arange(4) * HOUR + 1792886400 * SECOND
    >>> (build_calendar(hours, ["Europe/Berlin"]).day_phase // 3600).tolist()
    [[2, 2, 3, 4]]
    """
    places = list(zip(zones, countries or [""] * len(zones), strict=True))
    names = sorted(set(places))
    position = {name: i for i, name in enumerate(names)}
    zone = np.array([position[place] for place in places], dtype=np.int64)
    shape = (len(names), len(times))
    day_phase = np.empty(shape, np.int32)
    week_phase = np.empty(shape, np.int32)
    day_off = np.zeros(shape, bool)
    for i, (name, country) in enumerate(names):
        local = times + _offsets(times, name)
        day = local // DAY
        day_phase[i] = (local - day * DAY) // SECOND
        week_day = (day + _MONDAY) % 7
        week_phase[i] = week_day * 86400 + day_phase[i]
        if days_off and country in days_off:
            off = np.array([(d - _EPOCH).days for d in sorted(days_off[country])], dtype=np.int64)
            day_off[i] = np.isin(day, off)
        else:
            day_off[i] = week_day >= _SATURDAY
    known = days_off or {}
    dates = tuple(known.get(country, frozenset()) for _, country in names)
    return Calendar(zone, day_phase, week_phase, day_off, dates)


def _offsets(times: IntArray, name: str) -> IntArray:
    """Returns the zone's offset from UTC at each time, in ns; it only changes on the hour / 4."""
    zone = ZoneInfo(name)
    quarter = HOUR // 4
    slots, place = np.unique(times // quarter, return_inverse=True)
    offsets = np.array(
        [_offset_seconds(int(slot) * quarter // SECOND, zone) for slot in slots], dtype=np.int64
    )
    return offsets[place] * SECOND


def _offset_seconds(at: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset() or timedelta(0)
    return int(offset.total_seconds())
