from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops import plugins
from aiops.domain.abstention import Abstention
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.forecast.resolution import Request
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.stage import ForecastStage

STEP = timedelta(minutes=5)
STEP_NS = 300 * 10**9
START = datetime(2026, 1, 1, tzinfo=UTC)
START_NS = int(START.timestamp()) * 10**9


@pytest.fixture
def stage() -> ForecastStage:
    plugin = plugins.load("forecasts", "trend")
    return ForecastStage(ForecastSettings(), plugin.create(plugin.settings()))


def panel_of(*rows) -> Panel:
    values = np.array(rows, dtype=float)
    times = START_NS + np.arange(values.shape[1]) * STEP_NS
    return Panel.of(values, times, STEP)


def cross(stage, panel, limit=1.0, direction=Direction.UP, horizon=timedelta(days=7)):
    n = len(panel.series)
    now = START + len(panel.times) * STEP
    keys = [SeriesKey(f"volume-{i}", "used") for i in range(n)]
    return stage.cross(panel, keys, np.full(n, limit), [direction] * n, horizon, now)


def test_a_line_that_has_done_seven_tenths_arrives_with_about_that_probability(stage):
    line = np.linspace(0, 0.7, 200)
    (crossing,) = cross(stage, panel_of(line))
    assert crossing.probability == pytest.approx(0.7, abs=0.06)
    full = START + 200 * STEP * (1 / 0.7)
    assert crossing.early < full < crossing.late
    assert crossing.early < crossing.likely < crossing.late
    assert crossing.growth == pytest.approx(0.7 / 200 / 300, rel=0.05)


def test_a_falling_line_meets_a_lower_limit(stage):
    (crossing,) = cross(stage, panel_of(np.linspace(1, 0.2, 200)), 0.0, Direction.DOWN)
    assert crossing.probability > 0.6
    (wrong_way,) = cross(stage, panel_of(np.linspace(1, 0.2, 200)), 2.0, Direction.UP)
    assert wrong_way.abstained is Abstention.NO_TREND


def test_silence_has_its_reason(stage):
    draw = np.random.default_rng(3)
    gappy = np.linspace(0, 0.7, 200)
    gappy[10:150] = np.nan
    short = np.full(200, np.nan)
    short[-10:] = np.linspace(0, 0.5, 10)
    crossings = cross(
        stage,
        panel_of(
            0.5 + draw.normal(0, 0.02, 200),
            np.full(200, 0.5),
            np.linspace(0.5, 1.1, 200),
            gappy,
            short,
            np.full(200, np.nan),
        ),
    )
    assert [c.abstained for c in crossings] == [
        Abstention.NO_TREND,
        Abstention.CONSTANT,
        Abstention.ALREADY_OVER,
        Abstention.GAPPY_HISTORY,
        Abstention.SHORT_HISTORY,
        Abstention.MISSING,
    ]
    assert all(c.probability is c.early is c.likely is c.late is None for c in crossings)


def test_a_series_without_a_limit_says_so(stage):
    (crossing,) = cross(stage, panel_of(np.linspace(0, 0.7, 200)), limit=np.nan)
    assert crossing.abstained is Abstention.NO_LIMIT


def test_missing_cells_do_not_hide_a_trend(stage):
    line = np.linspace(0, 0.7, 200)
    line[np.random.default_rng(1).random(200) < 0.3] = np.nan
    (crossing,) = cross(stage, panel_of(line))
    assert crossing.probability == pytest.approx(0.7, abs=0.06)


def test_the_horizon_is_at_most_the_length_of_the_history(stage):
    (crossing,) = cross(stage, panel_of(np.linspace(0, 0.3, 100)))
    assert crossing.horizon == 100 * STEP
    assert crossing.probability < 0.1


def test_a_row_is_answered_alike_alone_and_in_a_fleet(stage):
    line, other = np.linspace(0, 0.8, 120), np.linspace(0, 0.5, 120) ** 2
    alone = cross(stage, panel_of(line))[0]
    together = cross(stage, panel_of(other, line, line))
    assert (together[1].probability, together[1].early) == (alone.probability, alone.early)
    assert together[2].late == alone.late


def test_each_history_is_read_at_a_step_that_gives_a_few_hundred_cells(stage):
    asked = []

    def read(ids, start, end, step):
        step_ns = step // timedelta(microseconds=1) * 1000
        asked.append((ids.tolist(), step))
        times = np.arange(start, end, step_ns, dtype=np.int64)
        values = np.tile((times - START_NS) / (10 * 86400 * 10**9), (len(ids), 1))
        values[:, times < START_NS] = np.nan
        return Panel.of(values, times, step, ids)

    now = START + timedelta(days=8)
    old = Request(7, SeriesKey("a", "m"), 60 * 10**9, START_NS, 1.0, Direction.UP)
    young_start = int((now - timedelta(hours=6)).timestamp()) * 10**9
    young = Request(3, SeriesKey("b", "m"), 60 * 10**9, young_start, 5.0, Direction.UP)
    warn = Request(7, SeriesKey("a", "m"), 60 * 10**9, START_NS, 0.9, Direction.UP)
    crossings = stage.foresee([old, young, warn], read, now)
    # The old one once in coarse cells, and once to see whether it has risen of late.
    assert asked == [
        ([3], timedelta(minutes=1)),
        ([7], timedelta(minutes=30)),
        ([7], timedelta(minutes=1)),
    ]
    assert [c.series.asset for c in crossings] == list("aba")
    assert crossings[2].likely < crossings[0].likely
    assert abs(crossings[0].likely - (START + timedelta(days=10))) < timedelta(hours=12)


def test_rows_without_history_are_forecast_as_nothing_with_a_reason(stage):
    forecast = stage.forecast_rows(panel_of([np.nan, 1.0, 2.0]), 4, np.array([0.1, 0.9]))
    assert forecast.reason.tolist() == [Abstention.SHORT_HISTORY]
    assert np.isnan(forecast.quantiles).all()


def test_a_sudden_fill_after_weeks_of_calm_is_foreseen(stage):
    now = START + timedelta(days=14)
    now_ns = int(now.timestamp()) * 10**9

    def read(ids, start, end, step):
        times = np.arange(start, end, step // timedelta(microseconds=1) * 1000, dtype=np.int64)
        hours = (times - now_ns) / 3600e9
        used = 0.3 + 0.01 * np.sin(hours) + np.clip(hours + 1, 0, None) * 0.5
        return Panel.of(np.tile(used, (len(ids), 1)), times, step, ids)

    request = Request(1, SeriesKey("a", "m"), 60 * 10**9, START_NS, 1.0, Direction.UP)
    (crossing,) = stage.foresee([request], read, now)
    assert crossing.probability > 0.5
    assert timedelta(0) < crossing.likely - now < timedelta(hours=1)
