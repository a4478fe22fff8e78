from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops import plugins
from aiops.contracts.executor import Ending, ShardError
from aiops.domain.abstention import Abstention
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.domain.step import HOUR
from aiops.forecast.chance import Chance
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.shortlist import Ensemble
from aiops.forecast.spread import Spread
from aiops.forecast.stage import ForecastStage

CELLS = 240
NOW = datetime(2026, 1, 11, tzinfo=UTC)


class Counting:
    """An executor that runs what it is given here, and counts it; ``late`` answers nothing."""

    def __init__(self, late=False):
        self.late, self.rows = late, 0

    def map(self, function, shards, deadline):
        for shard in shards:
            self.rows += len(shard.limits)
            yield ShardError("too late", Ending.LATE) if self.late else function(shard)

    def close(self):
        pass


def ensemble(executor, budget=timedelta(seconds=30), share=0.05, name="mstl"):
    settings = plugins.load("forecasts", name).settings()
    return Ensemble(Spread(executor, name, settings, timedelta(minutes=1)), share, budget)


def daily(rows, seed=0):
    """Busy by day, and rising, some faster than others; the limit was met once before."""
    draw = np.random.default_rng(seed)
    t = np.arange(CELLS)
    slope = np.linspace(0.0008, 0.0022, rows)[:, None]
    values = 0.3 + slope * t + 0.05 * np.sin(2 * np.pi * t / 24)
    values = values + draw.normal(0, 0.01, (rows, CELLS))
    values[:, 30] = 0.99
    return Panel.of(values, t * HOUR, timedelta(hours=1))


def cross(panel, limit, asked=None, chances=None):
    plugin = plugins.load("forecasts", "trend")
    stage = ForecastStage(ForecastSettings(), plugin.create(plugin.settings()))
    n = len(panel.series)
    return stage.cross(
        panel,
        [SeriesKey(f"host-{i}", "used") for i in range(n)],
        np.full(n, limit),
        [Direction.UP] * n,
        timedelta(days=4),
        NOW,
        chances={"used": chances} if chances else {},
        ensemble=asked,
    )


def probabilities(crossings):
    return np.array([np.nan if c.probability is None else c.probability for c in crossings])


def changed(asked, rows=40, **given):
    before, after = cross(daily(rows), 0.97), cross(daily(rows), 0.97, asked, **given)
    return np.flatnonzero(probabilities(before) != probabilities(after)), probabilities(before)


def test_the_likeliest_rows_are_asked_and_what_is_said_changes():
    moved, before = changed(ensemble(Counting(), name="auto"))
    assert 0 < len(moved) <= 16, "of a small fleet sixteen are asked"
    assert before[moved].min() >= np.sort(before)[-16]


def test_no_more_rows_are_asked_than_the_budget_pays_for():
    cost = plugins.create("forecasts", "auto", plugins.load("forecasts", "auto").settings()).cost
    five = ensemble(Counting(), timedelta(milliseconds=5 * cost), share=1.0, name="auto")
    moved, before = changed(five)
    assert 0 < len(moved) <= 5
    assert before[moved].min() >= np.sort(before)[-5]


def test_a_costly_ensemble_runs_on_the_executor():
    executor = Counting()
    moved, _ = changed(ensemble(executor, share=1.0), rows=64)
    assert executor.rows == 64
    assert len(moved) > 32


def test_a_limit_nobody_has_met_before_is_left_to_the_replayed_trends():
    executor = Counting()
    panel = daily(40)
    line = np.linspace(0.2, 0.9, CELLS) + np.random.default_rng(1).normal(0, 0.002, (40, CELLS))
    filling = Panel.of(line, panel.times, panel.step)
    assert probabilities(cross(filling, 0.95)).min() > 0.5
    assert cross(filling, 0.95, ensemble(executor)) == cross(filling, 0.95)
    assert executor.rows == 0


def test_rows_that_the_ensemble_is_late_with_keep_what_the_trees_say():
    executor = Counting(late=True)
    moved, _ = changed(ensemble(executor, share=1.0), rows=64)
    assert executor.rows == 64
    assert len(moved) == 0


@pytest.fixture
def bursts():
    """No trend, and now and then a burst over the limit."""
    draw = np.random.default_rng(7)
    values = draw.normal(0.3, 0.02, (8, CELLS))
    values[:, 40::49] = 1.0
    return Panel.of(values, np.arange(CELLS) * HOUR, timedelta(hours=1))


def without_trend(crossings):
    found = [c for c in crossings if c.abstained is Abstention.NO_TREND]
    assert len(found) >= 4
    return found


def test_without_a_trend_nothing_is_said_until_the_fleet_has_taught_it(bursts):
    assert all(c.probability is None for c in without_trend(cross(bursts, 0.95)))
    taught = without_trend(cross(bursts, 0.95, chances=Chance(learnt_from=500)))
    assert probabilities(taught).min() > 0.05


def test_a_rate_without_a_trend_foresees_nothing(bursts):
    for crossing in without_trend(cross(bursts, 0.95, chances=Chance(learnt_from=500))):
        assert crossing.foreseen is None
        assert crossing.early is crossing.late is None
