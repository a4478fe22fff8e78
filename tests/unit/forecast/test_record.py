from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.domain.forecast import Crossing
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.record import Record
from aiops.domain.series import SeriesKey
from aiops.domain.step import HOUR

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
NS = int(BEGIN.timestamp()) * 10**9


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def said(at: int, probability: float | None, early: float = 1, late: float = 9) -> Crossing:
    origin = BEGIN + hours(at)
    return Crossing(
        SeriesKey("disk", "used"), origin, hours(10), 1.0, Direction.UP, probability,
        origin + hours(early), origin + hours(early), origin + hours(late),
    )  # fmt: skip


@pytest.fixture
def seen() -> Panel:
    values = np.full(100, 0.5)
    values[30:32] = 1.0
    return Panel.of(values, NS + np.arange(100) * HOUR, hours(1))


def test_what_was_said_stands_beside_what_came(seen):
    record = Record.of(
        [said(5, 0.2), said(24, 0.9), said(28, 0.6, early=4)], seen, BEGIN + hours(100)
    )
    assert (record.ended, record.met, record.inside) == (3, 2, 1)
    assert record.expected == pytest.approx(1.7)
    assert record.brier == pytest.approx((0.2**2 + 0.1**2 + 0.4**2) / 3)


def test_a_forecast_that_is_not_over_or_says_nothing_does_not_count(seen):
    now = BEGIN + hours(40)
    assert Record.of([said(35, 0.9), said(5, None)], seen, now) == Record()
    assert Record.of([said(-20, 0.9)], seen, now).ended == 0


def test_records_of_two_series_join(seen):
    now = BEGIN + hours(100)
    first, second = Record.of([said(24, 0.9)], seen, now), Record.of([said(5, 0.4)], seen, now)
    both = Record.of([said(24, 0.9), said(5, 0.4)], seen, now)
    joined = first + second + Record()
    assert joined.brier == pytest.approx(both.brier)
    assert (joined.ended, joined.met, joined.inside) == (both.ended, both.met, both.inside)


def test_the_way_down_counts_downwards(seen):
    crossing = Crossing(
        SeriesKey("disk", "free"), BEGIN, hours(10), 0.5, Direction.DOWN, 0.7,
    )  # fmt: skip
    assert Record.of([crossing], seen, BEGIN + hours(100)).met == 1
