from dataclasses import replace
from datetime import timedelta

import numpy as np

from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.detect.terms import Gap, Terms
from aiops.domain.anomaly import Shape
from aiops.domain.calendar import build_calendar
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel

MINUTE = 60 * 10**9


def waves(n: int, cells: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, cells)) + 10 * np.sin(np.arange(cells) / 288 * 2 * np.pi)


def panel_of(values: np.ndarray) -> Panel:
    return Panel.of(values, np.arange(values.shape[1]) * MINUTE, timedelta(minutes=1))


def test_a_spike_opens_one_event_that_ends_and_says_its_direction():
    values = waves(3, 3000)
    values[1, 2500] += 40
    stage = DetectStage.of(DetectSettings())
    _, found = stage.score(stage.start(3), panel_of(values))
    late = [event for event in found.events if event.start >= 2000 * MINUTE]
    assert [event.row for event in late] == [1]
    assert late[0].start == 2500 * MINUTE
    assert late[0].end is not None
    assert late[0].direction is Direction.UP
    assert late[0].value == values[1, 2500]


def test_the_score_stays_high_after_the_first_strange_cell():
    values = waves(1, 3000)
    values[0, 2500:2510] += 40
    stage = DetectStage.of(DetectSettings())
    _, found = stage.score(stage.start(1), panel_of(values))
    assert found.score[0, 2500:2540].min() > found.score[0, 2000:2500].max()


def test_an_event_is_told_again_while_it_lasts_and_keeps_its_start():
    values = waves(1, 2600)
    values[0, 2550:] += 40
    stage = DetectStage.of(DetectSettings())
    panel = panel_of(values)
    state, _ = stage.update(stage.start(1), panel.columns(0, 2551))
    state, first = stage.update(state, panel.columns(2551, 2552))
    _, second = stage.update(state, panel.columns(2552, 2553))
    assert [event.start for event in first] == [event.start for event in second]
    assert second[0].end is None


def test_a_larger_budget_opens_no_fewer_events():
    values = waves(20, 3000, seed=3)
    calm, eager = (DetectStage.of(DetectSettings(budget=budget)) for budget in (0.01, 100.0))
    _, few = calm.score(calm.start(20), panel_of(values))
    _, many = eager.score(eager.start(20), panel_of(values))
    assert len(many.events) > len(few.events)


def test_a_deviation_below_the_minimum_effect_opens_nothing():
    values = 1000 + 0.1 * waves(1, 3000)
    values[0, 2500:2504] += 20
    told = {}
    for effect in (0.0, 0.05):
        stage = DetectStage.of(DetectSettings(minimum_effect=effect))
        _, found = stage.score(stage.start(1), panel_of(values))
        told[effect] = found.alert[0, 2500:2504].max()
    assert told[0.0] > 0
    assert told[0.05] == 0


def test_a_missing_cell_neither_ends_nor_opens_an_event():
    values = waves(1, 3000)
    values[0, 2500:2520] += 40
    values[0, 2505:2510] = np.nan
    stage = DetectStage.of(DetectSettings())
    _, found = stage.score(stage.start(1), panel_of(values))
    assert found.is_anomaly[0, 2500:2520].all()
    assert np.isnan(found.score[0, 2505:2510]).all()
    late = [event for event in found.events if event.start >= 2400 * MINUTE]
    assert len(late) == 1


def test_the_shape_tells_a_shift_from_a_frozen_value_and_a_spike():
    values = waves(3, 3000)
    values[2, 2500] += 60
    values[0, 2500:2560] += 60
    values[1, 2500:2560] = 45.0
    stage = DetectStage.of(DetectSettings())
    _, found = stage.score(stage.start(3), panel_of(values))
    shapes = {event.row: event.shape for event in found.events if event.start == 2500 * MINUTE}
    assert shapes == {0: Shape.SHIFT, 1: Shape.FLAT, 2: Shape.SPIKE}


def shape_at(values, cell, terms=None):
    stage = DetectStage.of(DetectSettings())
    panel = panel_of(values)
    _, found = stage.score(stage.start(len(values)), panel, terms)
    return [(e.shape, e.direction) for e in found.events if e.start >= cell * MINUTE]


def test_a_value_that_creeps_away_is_a_drift():
    values = waves(1, 3000) - 10 * np.sin(np.arange(3000) / 288 * 2 * np.pi)
    values[0, 2500:2600] += 4 + np.linspace(0, 60, 100)
    assert shape_at(values, 2500)[0] == (Shape.DRIFT, Direction.UP)


def test_the_night_in_the_middle_of_the_day_is_a_broken_season():
    t = np.arange(12 * 288)
    rng = np.random.default_rng(2)
    values = (10 * np.sin(t / 288 * 2 * np.pi) + 0.3 * rng.normal(size=len(t)))[None]
    values[0, 10 * 288 + 50 : 10 * 288 + 110] = -8 + 0.3 * rng.normal(size=60)
    times = np.arange(len(t), dtype=np.int64) * 5 * MINUTE
    calendar = build_calendar(times, ["UTC"])
    stage = DetectStage.of(DetectSettings())
    panel = Panel.of(values, times, timedelta(minutes=5), calendar=calendar)
    _, found = stage.score(stage.start(1), panel)
    late = [e for e in found.events if e.start >= times[10 * 288 + 40]]
    assert (late[0].shape, late[0].direction) == (Shape.SEASON, Direction.DOWN)


def test_unrest_is_told_from_a_shift():
    values = np.random.default_rng(5).normal(size=(1, 3000))
    values[0, 2500:2560] *= 12
    assert shape_at(values, 2500)[0][0] is Shape.VARIANCE


def test_a_rise_of_what_is_bad_when_it_falls_opens_nothing():
    values = np.random.default_rng(5).normal(size=(2, 3000))
    values[0, 2500:2520] += 30
    values[1, 2500:2520] -= 30
    told = {}
    for bad in (1, 0, -1):
        terms = replace(Terms.same(2, 0.1), bad=np.full(2, bad, np.int8))
        stage = DetectStage.of(DetectSettings())
        _, found = stage.score(stage.start(2), panel_of(values), terms)
        told[bad] = [e.row for e in found.events if e.start == 2500 * MINUTE]
    assert told == {1: [0], 0: [0, 1], -1: [1]}


def test_each_series_has_the_budget_of_its_terms():
    values = np.tile(np.random.default_rng(7).standard_t(3, size=3000), (2, 1))
    terms = replace(Terms.same(2, 0.1), budget=np.array([1e-6, 1000.0]))
    stage = DetectStage.of(DetectSettings())
    _, found = stage.score(stage.start(2), panel_of(values), terms)
    rows = [event.row for event in found.events]
    assert rows.count(1) > rows.count(0) == 0


def gaps(policy, values):
    terms = replace(Terms.same(len(values), 0.1), missing=np.full(len(values), policy, np.int8))
    stage = DetectStage.of(DetectSettings())
    return stage.score(stage.start(len(values)), panel_of(values), terms)[1]


def test_a_source_that_never_was_silent_alerts_when_it_is_and_one_that_often_is_does_not():
    values = np.random.default_rng(5).normal(size=(2, 3000))
    values[1, np.arange(3000) % 100 < 40] = np.nan
    values[:, 2545:2590] = np.nan
    assert [e.row for e in gaps(Gap.IGNORE, values).events if e.start >= 2500 * MINUTE] == []
    late = [e for e in gaps(Gap.ALERT, values).events if e.start >= 2500 * MINUTE]
    assert [(e.row, e.shape) for e in late] == [(0, Shape.MISSING)]
    assert late[0].start < 2560 * MINUTE
    assert late[0].end is not None


def test_what_is_not_sent_may_count_as_nothing_or_as_unchanged():
    values = np.full((1, 3000), np.nan)
    values[0, ::50] = 5 + np.random.default_rng(5).normal(size=60)
    assert np.isnan(gaps(Gap.IGNORE, values).score).mean() > 0.97
    for policy in (Gap.ZERO, Gap.HOLD):
        assert np.isfinite(gaps(policy, values).score[0, 200:]).all()
