"""Days off: weekends and holidays, and the weekend days that are worked on."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from aiops.contracts.errors import ConfigError
from aiops.detect.days_off import check_countries, days_off, work_calendar
from aiops.domain.calendar import build_calendar
from aiops.domain.event import Holiday
from aiops.domain.instant import to_ns

HOUR = 3600 * 10**9


def hours_from(day):
    return to_ns(datetime(*day, tzinfo=UTC)) + np.arange(24, dtype=np.int64) * HOUR


def test_china_works_on_the_sunday_before_the_spring_festival_and_rests_on_weekdays():
    off = days_off(["CN"], hours_from((2025, 1, 26)))["CN"]
    assert date(2025, 1, 26) not in off
    assert date(2025, 1, 25) in off
    assert {date(2025, 10, day) for day in range(1, 9)} <= off
    assert date(2025, 9, 28) not in off


def test_the_calendar_tells_the_days_off_of_two_countries_in_local_time():
    times = hours_from((2025, 10, 1))
    zones, countries = ["Asia/Shanghai", "Asia/Shanghai", "Europe/Berlin"], ["CN", "", "DE"]
    calendar = build_calendar(times, zones, countries, days_off(countries, times))
    off = calendar.day_off[calendar.zone]
    assert off[0].all()
    assert not off[1].any()
    assert not off[2].any()
    night = build_calendar(times - 4 * HOUR, zones[:1], ["CN"], days_off(["CN"], times))
    assert night.day_off[0].all()
    assert not build_calendar(times - 9 * HOUR, zones[:1], ["CN"], days_off(["CN"], times)).day_off[
        0, 0
    ]


def test_a_country_nobody_knows_is_a_clear_error():
    with pytest.raises(ConfigError, match="'XX'; write an ISO code"):
        check_countries(["XX"])


def off_at(day, *reported, sites=("shanghai-2", "bonn", ""), countries=None):
    zones = ["UTC"] * len(sites)
    times = hours_from(day)
    calendar = work_calendar(times, zones, sites, countries or {"bonn": "DE"}, reported)
    return [bool(row.all()) for row in calendar.day_off[calendar.zone]]


def test_a_reported_holiday_is_a_day_off_at_its_sites_and_at_no_other():
    works = Holiday("shanghai-*", date(2026, 3, 4), date(2026, 3, 5))
    assert off_at((2026, 3, 4)) == [False, False, False]
    assert off_at((2026, 3, 4), works) == off_at((2026, 3, 5), works) == [True, False, False]
    assert off_at((2026, 3, 6), works) == [False, False, False]
    assert off_at((2026, 3, 7), works) == [True, True, True]  # its weekends stay


def test_a_day_that_is_worked_on_is_none_whatever_the_country_says():
    monday = Holiday("bonn", date(2026, 4, 6), date(2026, 4, 6), working=True)  # Easter Monday
    saturday = Holiday("*", date(2026, 4, 11), date(2026, 4, 11), working=True)
    assert off_at((2026, 4, 6)) == [False, True, False]
    assert off_at((2026, 4, 6), monday) == [False, False, False]
    assert off_at((2026, 4, 11), saturday) == [False, False, False]
    again = Holiday("*", date(2026, 4, 11), date(2026, 4, 11))
    assert off_at((2026, 4, 11), saturday, again) == [True, True, True]  # the last word counts


def test_days_off_ahead_of_the_panel_are_told_too():
    ahead = Holiday("shanghai-2", date(2026, 3, 20), date(2026, 3, 20))
    calendar = work_calendar(hours_from((2026, 3, 4)), ["UTC"], ["shanghai-2"], {}, [ahead])
    assert date(2026, 3, 20) in calendar.dates[0]
