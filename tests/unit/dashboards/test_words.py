from datetime import UTC, datetime, timedelta

import pytest

from dashboards._sparkline import HEIGHT, WIDTH, sparkline
from dashboards._words import Words

NOW = datetime(2026, 11, 24, 16, 40, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_time_is_told_in_the_zone_of_the_asset():
    words = Words("en", "Asia/Shanghai")
    assert words.day_time(NOW + HOUR, NOW) == "today 01:40"
    assert words.day_time(NOW - HOUR, NOW) == "Tue 23:40"
    assert words.full_time(NOW) == "2026-11-25 00:40:00 Asia/Shanghai"


def test_a_time_beyond_a_week_has_its_date():
    assert Words("zh").day_time(NOW + timedelta(days=9), NOW) == "2026-12-03 16:40"


def test_a_time_within_half_an_hour_has_seconds():
    assert Words("en").day_time(NOW + timedelta(seconds=90), NOW) == "today 16:41:30"


def test_a_zone_nobody_knows_is_told_in_utc():
    for zone in ("Mars/Olympus", "../../etc/passwd", "", "\x00"):
        assert Words("en", zone).zone_name == "UTC"


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "< 1 %"), (0.004, "< 1 %"), (0.861, "86 %"), (0.9951, "> 99 %"), (1.0, "> 99 %")],
)
def test_a_probability_is_never_rounded_to_certainty(share, shown):
    assert Words("en").chance(share).replace("\u00a0", " ") == shown


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_an_unknown_number_is_a_dash(value):
    words = Words("en")
    assert (words.chance(value), words.percent(value), words.amount(value, "By")) == ("–",) * 3


@pytest.mark.parametrize(
    ("value", "unit", "metric", "shown"),
    [
        (0.778, "1", "system.filesystem.utilization", "77.8 %"),
        (3.5, "1", "queue.depth", "3.5"),
        (3 * 2**30, "By", "", "3 GiB"),
        (512, "By/s", "", "512 B/s"),
        (71.26, "Cel", "", "71.3 °C"),
        (12, "{thread}", "", "12"),
        (0, "By", "", "0 B"),
        (-5, "mm/s", "", "-5 mm/s"),
    ],
)
def test_an_amount_is_scaled_for_reading(value, unit, metric, shown):
    assert Words("en").amount(value, unit, metric).replace("\u00a0", " ") == shown


def test_a_duration_has_at_most_two_units():
    span = timedelta(days=2, hours=3, minutes=4)
    assert Words("zh").duration(span) == "2 天 3 小时"
    assert Words("en").duration(timedelta(days=2, minutes=4)) == "2 d"
    assert Words("en").duration(timedelta(0)) == "0 s"


def test_a_mini_line_stays_inside_its_box_and_breaks_at_gaps():
    nan = float("nan")
    lines = sparkline([1.0, 5.0, nan, -2.0, 7.0, nan, 3.0])
    assert len(lines) == 2
    for point in " ".join(lines).split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


@pytest.mark.parametrize("values", [[], [1.0], [float("nan")] * 5])
def test_too_little_makes_no_mini_line(values):
    assert sparkline(values) == []
