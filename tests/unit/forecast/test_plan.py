"""What if: growth doubled, an amount added; nothing told farther than a history is long."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops import plugins
from aiops.domain.abstention import Abstention
from aiops.domain.instant import to_ns
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.domain.step import HOUR
from aiops.forecast.plan import Scenario, amount, as_cell, plan
from aiops.forecast.resolution import Request

NOW = datetime(2026, 3, 30, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 28
GB = 1e9


def ask(*pasts, limit=1000 * GB, direction=Direction.UP, **scenario):
    """Plans rows of hourly values that end now."""
    values = np.array([[past(day / 24) for day in range(DAYS * 24)] for past in pasts])
    first = to_ns(NOW - DAYS * DAY)
    requests = [
        Request(row, SeriesKey(f"v{row}", "used"), HOUR, first, limit, direction)
        for row in range(len(pasts))
    ]

    def read(ids, start, end, step):
        width = int(step / timedelta(hours=1)) * HOUR
        times = np.arange(start, end, width, dtype=np.int64)
        place = (times - first) // HOUR
        inside = (place >= 0) & (place < values.shape[1])
        rows = values[ids][:, np.clip(place, 0, values.shape[1] - 1)]
        return Panel.of(np.where(inside, rows, np.nan), times, step, ids)

    trend = plugins.create("forecasts", "trend", plugins.load("forecasts", "trend").settings())
    asked = Scenario(**{"ahead": 28 * DAY, "every": 7 * DAY, **scenario})
    return plan(requests, ["By"] * len(pasts), read, 28 * DAY, trend, asked, NOW)


def rising(day):
    return 500 * GB + 8 * GB * day


def test_doubled_growth_meets_the_limit_sooner():
    found = ask(rising, growth=2.0)
    (row,) = found.rows
    assert row.supposed.values[-1, 1] > row.as_is.values[-1, 1]
    assert row.supposed.met[-1] > row.as_is.met[-1]
    assert (np.diff(row.supposed.met) >= 0).all()


def test_what_is_added_is_there_at_once_and_what_is_freed_is_gone():
    (row,) = ask(rising, added=200 * GB).rows
    assert row.supposed.values[0, 1] - row.as_is.values[0, 1] == pytest.approx(200 * GB, rel=0.05)
    (row,) = ask(rising, added=-200 * GB).rows
    assert row.supposed.met[-1] <= row.as_is.met[-1]


def test_a_constant_series_meets_its_limit_only_when_enough_is_added():
    (row,) = ask(lambda _day: 900 * GB, added=200 * GB).rows
    assert row.as_is.met.tolist() == [0.0] * 4
    assert row.supposed.met.tolist() == [1.0] * 4
    assert row.supposed.values[0, 1] == 1100 * GB


def test_what_is_over_already_is_over_at_every_date():
    (row,) = ask(lambda day: 1100 * GB + GB * day).rows
    assert row.as_is.met.tolist() == [1.0] * 4


def test_nothing_is_told_farther_than_the_history_is_long():
    found = ask(rising, ahead=56 * DAY)
    assert [line["known"] for line in found.fleet()] == [1] * 4 + [0] * 4
    assert [line["unknown"] for line in found.fleet()] == [0] * 4 + [1] * 4
    last = list(found.table())[-1]
    assert last["p50"] is None
    assert last["reason"] == Abstention.SHORT_HISTORY.words


def test_a_series_without_samples_says_why():
    (row,) = ask(lambda _day: float("nan")).rows
    assert row.reason is Abstention.SHORT_HISTORY
    assert np.isnan(row.as_is.met).all()


def test_the_fleet_by_date_is_the_sum_of_its_series():
    found = ask(rising, lambda day: 970 * GB + GB * day, lambda _day: 3 * GB)
    for k, line in enumerate(found.fleet()):
        assert line["expected_over"] == pytest.approx(sum(r.as_is.met[k] for r in found.rows))


def test_nothing_supposed_changes_nothing():
    (row,) = ask(rising).rows
    assert np.array_equal(row.as_is.values, row.supposed.values)


@pytest.mark.parametrize(("text", "unit"), [("5%", "By"), ("2GB", "1"), ("much", "By"), ("", "1")])
def test_an_amount_of_another_unit_is_refused(text, unit):
    with pytest.raises(ValueError, match="is no amount"):
        amount(text, unit)


@pytest.mark.parametrize("name", ["=cmd", "+1", "-1", "@a", "\tx"])
def test_a_name_that_a_spreadsheet_would_run_is_text(name):
    assert as_cell(name) == f"'{name}"
