"""Whatever the history, an answer is whole or has a reason."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aiops import plugins
from aiops.contracts.errors import NotEnoughHistory
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Known
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.stage import ForecastStage

CELL = st.one_of(
    st.floats(-1e9, 1e9, allow_nan=False), st.just(float("nan")), st.sampled_from([0.0, 1.0])
)
HISTORY = st.integers(1, 90).flatmap(lambda n: arrays(np.float64, (2, n), elements=CELL))


def panel_of(values):
    return Panel.of(values, np.arange(values.shape[1]) * 3600 * 10**9, timedelta(hours=1))


def create(name):
    plugin = plugins.load("forecasts", name)
    return plugin.create(plugin.settings())


TREND, AUTO = create("trend"), create("auto")


@settings(max_examples=60, deadline=None)
@given(HISTORY, st.floats(-1e9, 1e9), st.sampled_from(Direction), st.integers(1, 40))
def test_a_crossing_is_whole_or_has_a_reason(values, limit, direction, hours):
    stage = ForecastStage(ForecastSettings(), TREND)
    keys = [SeriesKey("a", "m"), SeriesKey("b", "m")]
    crossings = stage.cross(
        panel_of(values), keys, np.full(2, limit), [direction] * 2, timedelta(hours=hours),
        datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    for crossing in crossings:
        if crossing.abstained is not Abstention.NONE:
            assert crossing.probability is None
            assert crossing.early is None
            continue
        assert 0 <= crossing.probability <= 1
        if crossing.probability > 0:
            assert crossing.origin <= crossing.early <= crossing.likely <= crossing.late
            assert crossing.late <= crossing.origin + crossing.horizon


@settings(max_examples=60, deadline=None)
@given(HISTORY, st.integers(1, 30))
def test_quantiles_of_any_history_are_finite_and_in_order(values, horizon):
    panel = panel_of(values)
    levels = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
    try:
        forecast = AUTO.forecast(AUTO.update(None, panel), panel, horizon, levels, Known())
    except NotEnoughHistory:
        assert not panel.usable.any()
        return
    answered = forecast.reason == 0
    assert (answered == panel.usable.any(axis=1)).all()
    assert np.isfinite(forecast.quantiles[answered]).all()
    assert (np.diff(forecast.quantiles[answered], axis=2) >= 0).all()
