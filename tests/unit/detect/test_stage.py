from datetime import timedelta

import numpy as np

from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.anomaly import Shape
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
