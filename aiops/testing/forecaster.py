"""The published checker of forecasters."""

from datetime import timedelta
from typing import Final

import numpy as np

from aiops.contracts.errors import NotEnoughHistory
from aiops.contracts.forecaster import Forecaster
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray

_LEVELS: Final = np.array([0.1, 0.5, 0.9])
_HOUR: Final = timedelta(hours=1)


def check_forecaster(forecaster: Forecaster, cells: int = 120, horizon: int = 12) -> None:
    """Checks that a forecaster keeps the promises of its contract.

    Raises:
        AssertionError: The first promise that is broken, in words.
    """
    if not isinstance(forecaster, Forecaster):
        raise AssertionError("a forecaster has version, cost, update() and forecast()")  # noqa: TRY004 - a checker speaks in AssertionErrors
    panel = example_panel(cells)
    before = panel.values.copy()
    first = _forecast(forecaster, panel, horizon)
    _check_shape(first, panel, horizon)
    _check_reasons(first)
    _expect(
        bool(np.array_equal(before, panel.values, equal_nan=True)), "the panel must not be changed"
    )
    _expect(_same(first, _forecast(forecaster, panel, horizon)), "equal input, equal output")
    order = np.arange(len(panel.series))[::-1].copy()
    turned = _forecast(forecaster, panel.take(order), horizon)
    _expect(
        bool(np.allclose(turned.quantiles, first.quantiles[order], rtol=1e-6, equal_nan=True)),
        "rows in another order get the same answers in that order",
    )
    _check_bounds(forecaster, panel, horizon)
    _check_nothing(forecaster, horizon)


def example_panel(cells: int) -> Panel:
    """Returns a small fleet: a line, a daily shape, a walk, gaps, a constant, a young, an empty."""
    draw = np.random.default_rng(11)
    x = np.arange(cells)
    gaps = 5 + np.sin(x / 9) + draw.normal(0, 0.1, cells)
    gaps[draw.random(cells) < 0.2] = np.nan
    young = np.full(cells, np.nan)
    young[-3:] = [1.0, 2.0, 1.5]
    rows = [
        0.002 * x + draw.normal(0, 0.01, cells),
        10 + 3 * np.sin(2 * np.pi * x / 24) + draw.normal(0, 0.3, cells),
        np.cumsum(draw.normal(0, 1, cells)),
        gaps,
        np.full(cells, 4.0),
        young,
        np.full(cells, np.nan),
    ]
    hour_ns = _HOUR // timedelta(microseconds=1) * 1000
    return Panel.of(np.stack(rows), np.arange(cells) * hour_ns, _HOUR)


def _forecast(
    forecaster: Forecaster, panel: Panel, horizon: int, known: Known | None = None
) -> Forecast:
    model = forecaster.update(None, panel)
    return forecaster.forecast(model, panel, horizon, _LEVELS, known or Known())


def _check_shape(forecast: Forecast, panel: Panel, horizon: int) -> None:
    shape = (len(panel.series), horizon, len(_LEVELS))
    _expect(forecast.quantiles.shape == shape, f"quantiles must be {shape}")
    _expect(np.array_equal(forecast.series, panel.series), "series must be the panel's, in order")
    end = int(panel.times[-1]) + panel.step_ns
    _expect(forecast.origin == end, "the origin is the end of the last cell")
    _expect(np.array_equal(forecast.levels, _LEVELS), "levels must be those asked for")
    if forecast.paths is not None:
        good = forecast.paths.shape[0] == shape[0] and forecast.paths.shape[2] == horizon
        _expect(good, "paths must be (n_series, n_paths, horizon)")


def _check_reasons(forecast: Forecast) -> None:
    answered = forecast.reason == 0
    _expect(bool(answered.any()), "a line and a daily shape of five days must be answered")
    _expect(
        bool(np.isfinite(forecast.quantiles[answered]).all()), "an answered row has every quantile"
    )
    _expect(
        bool(np.isnan(forecast.quantiles[~answered]).all()), "a row with a reason has no quantile"
    )
    rising: FloatArray = np.diff(forecast.quantiles[answered], axis=2)
    _expect(bool((rising >= -1e-9).all()), "quantiles must be monotone in the level")
    _expect(not answered[-1], "an empty row has nothing to be answered from")


def _check_bounds(forecaster: Forecaster, panel: Panel, horizon: int) -> None:
    n = len(panel.series)
    known = Known(floor=np.full(n, 0.1), ceiling=np.full(n, 0.3))
    bounded = _forecast(forecaster, panel, horizon, known)
    held = bounded.quantiles[bounded.reason == 0]
    _expect(bool(((held >= 0.1) & (held <= 0.3)).all()), "floor and ceiling must be respected")


def _check_nothing(forecaster: Forecaster, horizon: int) -> None:
    empty = Panel.of(np.full((2, 20), np.nan), np.arange(20) * 3600 * 10**9, _HOUR)
    try:
        _forecast(forecaster, empty, horizon)
    except NotEnoughHistory:
        return
    raise AssertionError("a panel without any value must raise NotEnoughHistory")


def _same(one: Forecast, other: Forecast) -> bool:
    paths = one.paths is None or (
        other.paths is not None and np.array_equal(one.paths, other.paths, equal_nan=True)
    )
    return paths and np.array_equal(one.quantiles, other.quantiles, equal_nan=True)


def _expect(kept: bool, promise: str) -> None:
    if not kept:
        raise AssertionError(promise)
