from datetime import timedelta

import numpy as np
import pytest

from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.domain.step import DAY, HOUR
from aiops.forecast.chance import ALL_NAMES, Chance, learn_chance
from aiops.forecast.describe import describe_rows
from aiops.forecast.lessons import EVERY, Lessons, learn_chances
from aiops.forecast.resolution import Request
from aiops.forecast.settings import ForecastSettings

WEEK = timedelta(days=7)


def fleet(draw, days=56, rows=12) -> Panel:
    """Values at random, but each that has passed 1 is over 3 within the next eight hours."""
    values = draw.normal(0, 0.3, (rows, days * 24))
    for row in range(rows):
        for at in draw.integers(100, days * 24 - 12, 30):
            values[row, at : at + 3] = 1.5
            values[row, at + 6] = 3.5
    return Panel.of(values, np.arange(days * 24) * HOUR, timedelta(hours=1))


def test_what_the_fleet_has_shown_moves_the_chance_towards_it():
    draw = np.random.default_rng(4)
    panel = fleet(draw)
    limits, up = np.full(12, 3.0), np.ones(12, dtype=bool)
    lessons = Lessons.of(panel, limits, up, 8, 336)
    learnt = lessons.learn()
    assert learnt.learnt_from == len(lessons.crossed) > 500
    fresh = Lessons.of(fleet(np.random.default_rng(5)), limits, up, 8, 336)
    told, before = learnt.tell(fresh.described), Chance().tell(fresh.described)
    assert np.mean((told - fresh.crossed) ** 2) < np.mean((before - fresh.crossed) ** 2)


def test_a_fleet_that_never_crossed_teaches_nothing():
    values = np.random.default_rng(1).normal(0, 1, (5, 900))
    panel = Panel.of(values, np.arange(900) * HOUR, timedelta(hours=1))
    lessons = Lessons.of(panel, np.full(5, 50.0), np.ones(5, dtype=bool), 24, 336)
    assert not lessons.crossed.any()
    assert lessons.learn() == Chance()


def test_an_origin_whose_outcome_is_still_open_teaches_nothing():
    line = np.linspace(0, 0.9, 300)
    panel = Panel.of(line, np.arange(300) * HOUR, timedelta(hours=1))
    lessons = Lessons.of(panel, np.array([1.0]), np.array([True]), 100, 200)
    assert len(lessons.crossed)
    assert not lessons.crossed.any()
    every = range(24, 300, 50)
    assert len(lessons.crossed) == sum(o + min(100, o) <= 300 for o in every)


def test_nothing_after_the_start_of_the_week_is_read():
    seen = []
    now = 40 * EVERY

    def read(ids, start, end, step):
        seen.append((start, end))
        cells = int((end - start) // int(step / timedelta(microseconds=1) * 1000))
        values = np.random.default_rng(0).normal(0, 1, (len(ids), cells))
        return Panel.of(values, start + np.arange(cells) * HOUR, step)

    request = Request(1, SeriesKey("a", "m"), HOUR, now - 90 * DAY, 9.0, Direction.UP)
    assert learn_chances([request], read, now, ForecastSettings()) == {}
    assert all(end <= now for _, end in seen)
    young = Request(2, SeriesKey("b", "m"), HOUR, now + HOUR, 9.0, Direction.UP)
    assert learn_chances([young], read, now, ForecastSettings()) == {}
    assert len(seen) == 1


def test_few_crossings_leave_the_prior():
    described = np.zeros((40, len(ALL_NAMES)), dtype=np.float32)
    crossed = np.arange(40) < 5
    assert learn_chance(described, crossed) == Chance()


def test_a_margin_that_shrinks_is_a_greater_chance():
    draw = np.random.default_rng(2)
    values = np.tile(np.cumsum(draw.normal(0, 1, 400)), (5, 1))
    panel = Panel.of(values, np.arange(400) * HOUR, timedelta(hours=1))
    limits = values[:, -1] + np.array([0.5, 2, 6, 15, 60])
    rows = describe_rows(panel, limits, np.ones(5, dtype=bool), np.full(5, 24))
    told = Chance().tell(rows)
    assert told[0] > told[2] > told[4]
    assert ((told > 0) & (told < 1)).all()


def test_a_row_without_values_is_described_by_nothing():
    values = np.full((2, 50), np.nan)
    values[1] = np.arange(50)
    panel = Panel.of(values, np.arange(50) * HOUR, timedelta(hours=1))
    told = describe_rows(panel, np.array([1.0, 60.0]), np.array([True, True]), np.array([9, 9]))
    assert np.isnan(told[0]).all()
    assert np.isfinite(told[1]).any()


def test_the_way_down_is_the_way_up_turned_over():
    draw = np.random.default_rng(3)
    values = np.cumsum(draw.normal(0, 1, (4, 300)), axis=1)
    times = np.arange(300) * HOUR
    up, down = (
        describe_rows(
            Panel.of(sign * values, times, timedelta(hours=1)),
            sign * (values[:, -1] + 3.0),
            np.full(4, sign > 0),
            np.full(4, 12),
        )
        for sign in (1, -1)
    )
    assert up == pytest.approx(down, nan_ok=True)


def test_a_prior_that_tells_the_fleet_no_better_than_its_rate_has_not_stood_the_test():
    draw = np.random.default_rng(2)
    described = np.full((200, len(ALL_NAMES)), np.nan, dtype=np.float32)
    assert Lessons(described, draw.random(200) < 0.4).learn().learnt_from == 0
