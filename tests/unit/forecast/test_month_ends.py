"""A rise at the turn of a month is judged by those of earlier months."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from aiops.domain.instant import from_ns, to_ns
from aiops.forecast.month_ends import bound_by_month, look_back_from

HOUR = 3600 * 10**9
START = datetime(2026, 1, 1, tzinfo=UTC)
MONTH_ENDS = ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31))


def rises(*, days=MONTH_ENDS, tops=(0.8, 0.8, 0.8, 0.8, 0.7), lasts=24, until=12, zone="UTC"):
    """Hours since January with a rise on each day; the last has lasted ``until`` hours."""
    begins = [datetime(2026, month, day, tzinfo=ZoneInfo(zone)) for month, day in days]
    end = begins[-1] + timedelta(hours=until)
    times = np.arange(to_ns(START), to_ns(end), HOUR, dtype=np.int64)
    values = 0.3 + 0.01 * np.random.default_rng(0).standard_normal(len(times))
    for begin, top in zip(begins, tops, strict=True):
        inside = (times >= to_ns(begin)) & (times < to_ns(begin) + lasts * HOUR)
        values[inside] += top - 0.3
    return times, values


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_a_rise_that_came_at_four_month_ends_is_foreseen_as_ending(zone):
    times, values = rises(zone=zone)
    assert bound_by_month(times, values, 0.95, zone, up=True) == pytest.approx(1 / 6)


def test_for_a_limit_from_above_it_is_the_same():
    times, values = rises()
    assert bound_by_month(times, -values, -0.95, "UTC", up=False) == pytest.approx(1 / 6)


def test_a_rise_above_all_its_precedents_has_none():
    times, values = rises(tops=(0.7, 0.7, 0.7, 0.7, 0.85))
    assert bound_by_month(times, values, 0.95, "UTC", up=True) == 1.0


def test_a_rise_that_lasts_longer_than_all_its_precedents_has_none():
    times, values = rises(lasts=48, until=36)
    assert bound_by_month(times, values, 0.95, "UTC", up=True) < 0.3
    inside = times < times[-1] - 30 * 24 * HOUR
    shorter = np.where(inside & (np.roll(values, 24) > 0.6), 0.3, values)  # a day only
    assert bound_by_month(times, shorter, 0.95, "UTC", up=True) == 1.0


def test_month_ends_that_met_the_limit_warn():
    times, values = rises(tops=(0.97, 0.97, 0.8, 0.97, 0.7))
    assert bound_by_month(times, values, 0.95, "UTC", up=True) == pytest.approx(4 / 6)


def test_one_month_end_may_be_chance():
    times, values = rises(days=MONTH_ENDS[-2:], tops=(0.8, 0.7))
    assert bound_by_month(times, values, 0.95, "UTC", up=True) == 1.0


def test_where_rises_come_at_other_times_too_the_calendar_tells_nothing():
    others = [(1, 31), (2, 10), (2, 20), (2, 28), (3, 14), (3, 31), (4, 11), (4, 30), (5, 31)]
    times, values = rises(days=others, tops=(0.8,) * 8 + (0.7,))
    assert bound_by_month(times, values, 0.95, "UTC", up=True) == 1.0


def test_what_has_not_risen_is_not_bound():
    times, values = rises(tops=(0.8, 0.8, 0.8, 0.8, 0.3))
    assert bound_by_month(times, values, 0.95, "UTC", up=True) == 1.0


def test_a_history_goes_back_to_before_the_fourth_month_end_by_the_zones_own_clock():
    now = datetime(2026, 5, 30, 20, tzinfo=UTC)  # in Shanghai it is the 31st
    local = from_ns(look_back_from(now, "Asia/Shanghai")).astimezone(ZoneInfo("Asia/Shanghai"))
    assert (local.year, local.month, local.day, local.hour) == (2025, 12, 22, 0)
