"""Days off: weekends and holidays, and the weekend days that are worked on."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from aiops.contracts.errors import ConfigError
from aiops.detect.days_off import check_countries, days_off
from aiops.domain.calendar import build_calendar
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
