"""Recurring windows: their local clock, whose they are, and what does not open in them."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aiops.config import parse
from aiops.contracts.errors import ConfigError
from aiops.domain.asset import Asset
from aiops.domain.silence import MaintenancePlan, Recurrence

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        (datetime(2026, 3, 29, tzinfo=UTC), "2026-03-28T23:30 2026-03-29T22:30"),
        (datetime(2026, 10, 25, tzinfo=UTC), "2026-10-24T22:30 2026-10-25T23:30"),
    ],
)
def test_a_window_keeps_its_local_hour_when_the_clock_changes(around, expected):
    rule = Recurrence("*", "Europe/Berlin", (), time(0, 30), 2 * HOUR)
    found = rule.windows("a", around - 3 * HOUR, around + 24 * HOUR)
    assert " ".join(f"{w.start:%Y-%m-%dT%H:%M}" for w in found) == expected
    assert all(w.end - w.start == 2 * HOUR for w in found)


def test_a_window_begins_on_its_days_only_and_may_last_over_midnight():
    rule = Recurrence("*", "UTC", ("sat",), time(22), 6 * HOUR)
    sunday = datetime(2026, 3, 8, 2, tzinfo=UTC)
    assert [w.start.day for w in rule.windows("a", sunday, sunday + HOUR)] == [7]
    assert rule.windows("a", sunday + DAY, sunday + 5 * DAY) == []


def test_the_window_of_a_host_holds_for_its_parts_and_for_no_neighbour():
    plan = MaintenancePlan((Recurrence("db-*", "UTC", (), time(0), 2 * HOUR),))
    assets = {"vol": Asset("vol", parent="db-07"), "db-07": Asset("db-07"), "web": Asset("web")}
    at = datetime(2026, 3, 8, 1, tzinfo=UTC)
    assert [plan.covers(key, assets, at) for key in assets] == [True, True, False]
    assert not plan.covers("vol", assets, at + HOUR)


def test_parents_in_a_circle_end():
    plan = MaintenancePlan((Recurrence("x", "UTC", (), time(0), HOUR),))
    circle = {"a": Asset("a", parent="b"), "b": Asset("b", parent="a")}
    assert not plan.covers("a", circle, datetime(2026, 3, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('start: "25:00"', "expected a time of day"),
        ("days: [someday]", "expected one of mon"),
        ("time_zone: Mars/Base", "expected an IANA zone"),
        ('time_zone: ""', "expected an IANA zone"),
        ("duration: 0s", "more than"),
    ],
)
def test_a_wrong_window_is_told_with_its_key(line, told):
    said = {"start": '"22:00"', "duration": "4h"}
    name, _, value = line.partition(": ")
    said[name] = value
    rest = "".join(f"    {key}: {text}\n" for key, text in said.items())
    with pytest.raises(ConfigError, match=told):
        parse(f"maintenance:\n  - match: db-*\n{rest}", "c.yaml")
