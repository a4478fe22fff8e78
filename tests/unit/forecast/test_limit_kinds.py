"""Limits that are shares of another series, learnt from failures, or come in two levels."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops import plugins
from aiops.domain.abstention import Abstention
from aiops.domain.event import Failure
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesInfo, SeriesKey
from aiops.forecast.fleet import ForecastFleet
from aiops.forecast.plan import Scenario
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.stage import ForecastStage
from aiops.incident.evidence import LEVELS, freeze

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR_NS = 3600 * 10**9
START_NS = int(START.timestamp()) * 10**9
NOW = START + timedelta(days=10)
CELLS = 240


@dataclass
class World:
    """Hourly series of ten days, and the limits on them."""

    rows: dict[SeriesKey, Sequence[float]]
    limits: list[Limit]
    version: int = 1
    metrics: dict[str, Metric] = field(default_factory=dict)
    step_ns: int = HOUR_NS
    end: int = START_NS + CELLS * HOUR_NS

    @property
    def infos(self):
        return [SeriesInfo(n, key, HOUR_NS) for n, key in enumerate(self.rows, start=1)]

    @property
    def first_ns(self):
        return {info.id: START_NS for info in self.infos}

    def info(self, key):
        return next((info for info in self.infos if info.key == key), None)

    def zones(self, infos):
        return ["UTC"] * len(infos)

    def read(self, ids, start, end, step):
        width = step // timedelta(microseconds=1) * 1000
        times = np.arange(start, end, width, dtype=np.int64)
        rows = [np.asarray(list(self.rows.values())[i - 1], dtype=float) for i in ids.tolist()]
        cell = (times + width - 1 - START_NS) // HOUR_NS
        inside = (cell >= 0) & (cell < CELLS)
        values = [np.where(inside, row[np.clip(cell, 0, CELLS - 1)], np.nan) for row in rows]
        return Panel.of(np.stack(values), times, step, ids)

    def fleet(self):
        plugin = plugins.load("forecasts", "trend")
        stage = ForecastStage(ForecastSettings(), plugin.create(plugin.settings()))
        return ForecastFleet(stage, self.read, LEVELS, freeze)

    def foresee(self, failures=()):
        return {c.series: c for c in self.fleet().foresee(self, self, failures)}


def noise(seed=0, size=0.002):
    return np.random.default_rng(seed).normal(0, size, CELLS)


USED = SeriesKey("db", "memory.used")
SIZE = SeriesKey("db", "memory.size")
RISE = np.linspace(30, 85, CELLS) * (1 + noise())


@pytest.fixture
def relative():
    limit = Limit("memory.used", Direction.UP, 0.9, warn=0.87, of="memory.size")
    return World({USED: RISE, SIZE: np.full(CELLS, 100.0)}, [limit])


def test_a_share_of_another_series_is_foreseen_like_the_number_that_it_is(relative):
    fixed = World({USED: RISE}, [Limit("memory.used", Direction.UP, 90.0)]).foresee()[USED]
    told = relative.foresee()[USED]
    assert (told.limit, told.of, told.share) == (90.0, "memory.size", 0.9)
    assert told.value == pytest.approx(RISE[-1])
    assert told.probability == pytest.approx(fixed.probability, abs=0.02)
    assert abs(told.likely - fixed.likely) < timedelta(hours=2)


def test_what_grows_as_fast_as_its_capacity_does_not_near_it(relative):
    relative.rows[SIZE] = RISE * 2
    told = relative.foresee()[USED]
    assert not told.probability or told.probability < 0.1


def test_a_capacity_told_only_now_and_then_holds_until_the_next(relative):
    seldom = np.full(CELLS, np.nan)
    seldom[::50] = 100.0
    relative.rows[SIZE] = seldom
    told = relative.foresee()[USED]
    assert told.limit == 90.0
    assert told.probability > 0.3


def test_a_share_of_a_series_that_is_not_there_is_no_limit():
    limit = Limit("memory.used", Direction.UP, 0.9, of="memory.size")
    told = World({USED: RISE}, [limit]).foresee()[USED]
    assert told.abstained is Abstention.NO_LIMIT


def test_a_share_that_has_been_passed_is_seen_in_every_cell(relative):
    fleet = relative.fleet()
    panel = relative.read(
        np.array([1, 2]), relative.end - 5 * HOUR_NS, relative.end, timedelta(hours=1)
    )
    assert fleet.met(relative, relative, panel) == []
    relative.rows[USED] = RISE * 1.2
    panel = relative.read(
        np.array([1, 2]), relative.end - 5 * HOUR_NS, relative.end, timedelta(hours=1)
    )
    (met,) = fleet.met(relative, relative, panel)
    assert met.abstained is Abstention.ALREADY_OVER
    assert (met.limit, met.of) == (90.0, "memory.size")


def test_planning_tells_a_share_in_the_unit_of_the_series(relative):
    plugin = plugins.load("forecasts", "trend")
    trend = plugin.create(plugin.settings())
    infos = relative.infos[:1]
    scenario = Scenario(timedelta(days=4), timedelta(days=2), added=10.0)
    (row,) = relative.fleet().plan(infos, relative, trend, scenario, NOW).rows
    assert row.limit == pytest.approx(90.0)
    assert row.value == pytest.approx(RISE[-1])
    assert row.supposed.values[0, 1] - row.as_is.values[0, 1] == pytest.approx(10, abs=0.5)


def test_a_warning_comes_before_its_limit_and_is_no_less_likely(relative):
    told = relative.foresee()[USED]
    assert told.warn.limit == pytest.approx(87.0)
    assert told.warn.probability >= told.probability
    assert told.warn.early <= told.early
    assert told.warn.late <= told.late


def test_a_warning_that_has_been_passed_is_not_told_again(relative):
    relative.limits[0] = Limit("memory.used", Direction.UP, 0.9, warn=0.5, of="memory.size")
    assert relative.foresee()[USED].warn is None


def pumps(failed_at=8.0, count=6, **limit):
    """Pumps that wear for ten days; all but the last two failed at a level, hours ago."""
    rows, failures = {}, []
    for k in range(count + 2):
        end = 100 + 15 * k if k < count else 10_000
        age = np.arange(CELLS)
        wear = failed_at * (0.2 + 0.8 * (age / min(end, 300)) ** 2) + noise(k, 0.05)
        rows[SeriesKey(f"pump-{k}", "vibration")] = np.where(age < end, wear, np.nan)
        if k < count:
            failures.append(Failure(f"pump-{k}", START + timedelta(hours=end)))
    return World(rows, [Limit("vibration", Direction.UP, **limit)]), failures


def test_a_limit_is_learnt_from_where_others_failed():
    world, failures = pumps(fail=50.0, learnt=True)
    world.end = START_NS + CELLS * HOUR_NS
    fleet = world.fleet()
    told = {c.series.asset: c for c in fleet.foresee(world, world, failures)}
    alive = told["pump-7"]
    assert alive.learnt_from >= 5
    assert 7 < alive.limit < 8.5


def test_without_enough_failures_the_written_limit_counts():
    world, failures = pumps(fail=50.0, learnt=True)
    told = {c.series.asset: c for c in world.fleet().foresee(world, world, failures[:3])}
    assert (told["pump-7"].limit, told["pump-7"].learnt_from) == (50.0, 0)


def test_a_level_where_healthy_assets_live_teaches_no_limit():
    world, failures = pumps(fail=50.0, learnt=True)
    for key in list(world.rows):
        world.rows[key] = 8 + noise(3, 0.05)
    told = {c.series.asset: c for c in world.fleet().foresee(world, world, failures)}
    assert told["pump-7"].limit == 50.0


def test_the_evidence_says_where_the_limit_comes_from(relative):
    told = relative.foresee()[USED]
    evidence = relative.fleet().evidence(told, relative)
    assert evidence["limit_from"] == {"of": "memory.size", "share": 0.9}
    assert evidence["warn"]["limit"] == pytest.approx(87.0)
    assert evidence["forecast"]["coverage"]


def test_what_is_drawn_of_a_met_limit_ends_where_it_was_met(relative):
    told = relative.foresee()[USED]
    met = replace(told, abstained=Abstention.ALREADY_OVER, value=95.5)
    evidence = relative.fleet().evidence(met, relative)
    assert "forecast" not in evidence
    assert evidence["history"]["v"][-1] == 95.5
    assert evidence["history"]["t"][-1] == met.origin.isoformat()
