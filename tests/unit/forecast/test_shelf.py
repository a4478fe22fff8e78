import warnings
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from aiops import plugins
from aiops.contracts.errors import PluginError
from aiops.detect.days_off import work_calendar
from aiops.domain.event import Holiday
from aiops.domain.forecast import Known
from aiops.domain.instant import to_ns
from aiops.domain.panel import Panel
from aiops.forecast.passage import first_passage

HOUR = timedelta(hours=1)
LEVELS = np.array([0.1, 0.5, 0.9])


def ask(name, rows, horizon=24, **settings):
    values = np.atleast_2d(np.asarray(rows, dtype=float))
    panel = Panel.of(values, np.arange(values.shape[1]) * 3600 * 10**9, HOUR)
    forecaster = plugins.create("forecasts", name, plugins.load("forecasts", name).settings())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = forecaster.update(None, panel)
        return forecaster.forecast(model, panel, horizon, LEVELS, Known())


def errors_now_and_then(cells=400):
    values = np.zeros(cells)
    values[::10] = np.arange(5, 5 + len(values[::10])) % 7 + 1
    return values


def test_what_comes_now_and_then_is_at_rest_in_most_cells_of_most_futures():
    told = ask("intermittent", errors_now_and_then())
    assert (told.quantiles[0, :, 1] == 0).all()
    came = (told.paths[0] > 0).mean()
    assert 0.05 < came < 0.2
    assert set(np.unique(told.paths)) <= set(range(8))


def test_what_has_died_out_comes_less_often_than_what_still_comes():
    alive = errors_now_and_then()
    dead = alive.copy()
    dead[200:] = 0
    told = ask("intermittent", [alive, dead], horizon=10)
    limits, up, steps = np.ones(2), np.ones(2, dtype=bool), np.full(2, 10)
    chance = first_passage(told.paths, limits, up, steps).probability
    assert chance[1] < 0.5 * chance[0]


def test_trees_learn_a_daily_shape_from_the_fleet():
    hours = np.arange(24 * 14)
    fleet = [(3 + k) * np.sin(2 * np.pi * hours / 24) + 100 * k for k in range(6)]
    told = ask("boosted", fleet).quantiles[:, :, 1]
    for k, row in enumerate(told):
        assert abs(row - np.resize(fleet[k][-24:], 24)).max() < 0.5 * (3 + k)


@pytest.mark.parametrize("name", ["auto_ets", "auto_arima", "auto_ces"])
def test_a_model_that_chooses_its_own_form_leads_a_line_on(name):
    line = np.arange(200) * 0.5 + np.random.default_rng(1).normal(0, 0.2, 200)
    told = ask(name, line, horizon=12)
    assert told.reason[0] == 0
    assert told.quantiles[0, -1, 1] > line[-1] + 3
    assert told.paths[0, :, -1].mean() > line[-1] + 3


def test_a_seat_without_weights_says_which_setting_is_missing():
    plugin = plugins.load("forecasts", "pretrained")
    with pytest.raises(PluginError, match=r"forecast\.settings\.weights"):
        plugin.create(plugin.settings())


def test_the_ensemble_keeps_to_a_budget_by_trying_fewer_origins():
    hours = np.arange(24 * 21)
    daily = 10 + 3 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(2).normal(0, 0.3, 504)
    plugin = plugins.load("forecasts", "auto")
    panel = Panel.of(daily[None], hours * 3600 * 10**9, HOUR)
    paths = {}
    for budget in (5.0, 100.0):
        forecaster = plugin.create(plugin.settings(budget=budget))
        told = forecaster.forecast(forecaster.update(None, panel), panel, 24, LEVELS, Known())
        assert told.reason[0] == 0
        paths[budget] = told.paths.shape[1]
    assert paths[5.0] < paths[100.0]


def test_prophet_expects_a_reported_day_off_to_be_like_those_before_it():
    first = datetime(2026, 2, 2, tzinfo=UTC)  # a Monday
    days = [first + timedelta(days=n) for n in range(64)]
    off = {date(2026, 2, 12), date(2026, 2, 26), date(2026, 3, 12), date(2026, 4, 2)}
    told = [Holiday("works", day, day) for day in sorted(off)]
    busy = [day.weekday() < 5 and day.date() not in off for day in days[:59]]
    values = np.repeat([100.0 if each else 10.0 for each in busy], 4)[None]
    times = np.array([to_ns(days[0]) + n * 6 * 3600 * 10**9 for n in range(values.shape[1])])
    middles = {}
    for reported in ([], told):
        calendar = work_calendar(times, ["UTC"], ["works"], {}, reported)
        panel = Panel.of(values, times, timedelta(hours=6), calendar=calendar)
        forecaster = plugins.create(
            "forecasts", "prophet", plugins.load("forecasts", "prophet").settings()
        )
        answer = forecaster.forecast(forecaster.update(None, panel), panel, 8, LEVELS, Known())
        middles[bool(reported)] = answer.quantiles[0, :, 1]
    # 2 April is a Thursday, the first day ahead; without the report it looks like any other
    assert days[59].date() == date(2026, 4, 2)
    assert middles[False][1] > 60 > middles[True][1]
    assert middles[True][5] > 60
