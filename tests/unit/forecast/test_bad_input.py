"""What cannot be forecast has a reason, and what is odd is answered all the same."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops import plugins
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Known
from aiops.domain.metric import Direction, Metric
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.forecast.fleet import ForecastFleet
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.stage import ForecastStage
from aiops.incident.evidence import LEVELS, freeze

HOUR = timedelta(hours=1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RISE = np.linspace(0.1, 0.8, 120)


@pytest.fixture
def stage():
    plugin = plugins.load("forecasts", "trend")
    return ForecastStage(ForecastSettings(), plugin.create(plugin.settings()))


def panel_of(values):
    values = np.atleast_2d(np.asarray(values, dtype=float))
    return Panel.of(values, np.arange(values.shape[1]) * 3600 * 10**9, HOUR)


def ask(stage, values, limit=1.0, horizon=48 * HOUR, known=None):
    panel = panel_of(values)
    key = SeriesKey("a", "m")
    limits, up = np.array([limit]), [Direction.UP]
    (crossing,) = stage.cross(panel, [key], limits, up, horizon, NOW, known)
    return crossing


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full(120, 0.5), Abstention.CONSTANT),
        ([0.5], Abstention.SHORT_HISTORY),
        (np.full(120, np.nan), Abstention.MISSING),
        (RISE + 0.5, Abstention.ALREADY_OVER),
    ],
    ids=["constant", "one point", "all missing", "already over"],
)
def test_what_cannot_be_forecast_says_why(stage, values, reason):
    told = ask(stage, values)
    assert told.abstained is reason
    assert told.probability is None


def test_a_fleet_without_a_series_has_no_crossing(stage):
    empty = panel_of(np.empty((0, 120)))
    assert stage.cross(empty, [], np.empty(0), [], HOUR, NOW) == []
    assert stage.foresee([], lambda *_: empty, NOW) == []


def test_a_negative_value_where_none_can_be_does_not_lead_the_forecast_below_zero(stage):
    values = RISE[::-1].copy()
    values[50] = -5.0
    known = Known(floor=np.zeros(1), ceiling=np.ones(1))
    told = stage.forecast_rows(panel_of(values), 48, LEVELS, known)
    assert (told.quantiles >= 0).all()


def test_a_horizon_longer_than_the_history_is_cut_to_it(stage):
    told = ask(stage, RISE, horizon=timedelta(days=365))
    assert told.horizon == 120 * HOUR
    fleet = ForecastFleet(stage, lambda *_: panel_of(RISE), LEVELS, freeze)
    assert fleet.ahead(panel_of(RISE), Metric("m"), timedelta(days=365)).horizon == 120


def test_values_beyond_any_measure_are_no_error(stage):
    values = RISE.copy()
    values[60] = 1e300
    told = ask(stage, values)
    assert told.abstained is not Abstention.NONE or 0 <= told.probability <= 1
