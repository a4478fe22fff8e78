"""The choice of a method from a series' own past: made without labels, and always the same."""

from datetime import timedelta

import numpy as np
import pytest

from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel
from aiops.domain.state import State
from detectors import auto
from detectors._injected import KINDS, inject

STEP_NS = 300 * 10**9
CELLS = 2600
DETECTOR = auto.PLUGIN.create(auto.PLUGIN.settings())
NAMES = list(DETECTOR.candidates)


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(6)
    t = np.arange(CELLS)
    noise = rng.normal(size=CELLS)
    holes = np.where(t % 7 == 3, np.nan, noise)
    wander = np.cumsum(rng.normal(size=CELLS))
    wave = np.sin(t / 46) + 0.05 * noise
    values = np.stack([wander, wave, holes, np.full(CELLS, 3.0)])
    times = t * STEP_NS
    return Panel.of(
        values, times, timedelta(minutes=5), calendar=build_calendar(times, ["UTC"] * 4)
    )


def chosen(state: State) -> list[str]:
    return [NAMES[i] for i in state.arrays["choice"]]


@pytest.fixture(scope="module")
def walks(panel):
    values = np.cumsum(np.random.default_rng(1).normal(size=(5, CELLS)), axis=1)
    return Panel.of(values, panel.times, panel.step)


def test_most_wandering_series_get_the_method_of_the_next_step(walks):
    state, _ = DETECTOR.update(DETECTOR.start(5), walks)
    assert chosen(state).count("holt_winters") >= 3


def test_a_constant_series_gets_the_first_method(panel):
    state, _ = DETECTOR.update(DETECTOR.start(4), panel)
    assert chosen(state)[-1] == NAMES[0]


@pytest.mark.parametrize("size", [1, 300])
def test_the_choice_and_all_scores_do_not_depend_on_how_cells_are_cut(panel, size):
    whole_state, whole = DETECTOR.update(DETECTOR.start(4), panel)
    state, parts = DETECTOR.start(4), []
    begin = 0 if size > 1 else 1000
    if begin:
        state, found = DETECTOR.update(state, panel.columns(0, begin))
        parts.append(found.score)
    end = CELLS if size > 1 else 1100
    for at in range(begin, end, size):
        state, found = DETECTOR.update(state, panel.columns(at, min(at + size, end)))
        parts.append(found.score)
    if end < CELLS:
        state, found = DETECTOR.update(state, panel.columns(end, CELLS))
        parts.append(found.score)
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole.score)
    assert chosen(state) == chosen(whole_state)


def test_rows_in_another_order_choose_the_same(panel):
    order = np.array([2, 0, 3, 1])
    state, scores = DETECTOR.update(DETECTOR.start(4), panel)
    mixed, other = DETECTOR.update(DETECTOR.start(4), panel.take(order))
    assert chosen(mixed) == [chosen(state)[i] for i in order]
    np.testing.assert_array_equal(other.score, scores.score[order])


def test_nothing_is_put_into_the_first_half_and_something_into_each_place():
    past = np.sin(np.arange(1024) / 20) + 0.1 * np.random.default_rng(1).normal(size=1024)
    copies, windows = inject(past, 512)
    assert (copies[:, :512] == past[:512]).all()
    for kind in range(KINDS):
        for first, last in windows[kind]:
            assert first >= 512
            assert (copies[kind, first:last] != past[first:last]).any()
        outside = np.ones(1024, bool)
        for first, last in windows[kind]:
            outside[first:last] = False
        assert (copies[kind, outside] == past[outside]).all()


def test_verdicts_that_a_method_was_wrong_take_the_choice_from_it(panel):
    state, _ = DETECTOR.update(DETECTOR.start(4), panel.columns(0, 2200))
    before = chosen(state)
    row = before.index("novelty")
    wrong = np.full(8, row), np.full(8, 2100 * STEP_NS), np.zeros(8, bool)
    after, _ = DETECTOR.update(DETECTOR.heed(state, *wrong), panel.columns(2200, CELLS))
    assert chosen(after)[row] != "novelty"
    assert [c for i, c in enumerate(chosen(after)) if i != row] == [
        c for i, c in enumerate(before) if i != row
    ]


def test_verdicts_that_a_method_was_right_keep_it(walks):
    state, _ = DETECTOR.update(DETECTOR.start(5), walks.columns(0, 2200))
    row = chosen(state).index("holt_winters")
    told = np.array([row] * 8), np.full(8, 2190 * STEP_NS)
    rest = walks.columns(2200, CELLS)
    wrong, _ = DETECTOR.update(DETECTOR.heed(state, *told, np.zeros(8, bool)), rest)
    right, _ = DETECTOR.update(DETECTOR.heed(state, *told, np.ones(8, bool)), rest)
    assert chosen(wrong)[row] != "holt_winters"
    assert chosen(right)[row] == "holt_winters"


def test_a_verdict_on_an_event_before_the_last_choice_is_of_the_method_of_then(walks):
    state, _ = DETECTOR.update(DETECTOR.start(5), walks)
    row = chosen(state).index("holt_winters")
    told = DETECTOR.heed(state, np.array([row]), np.array([0]), np.array([True])).arrays["told"]
    assert told[row, NAMES.index("novelty"), 0] == 1
    assert told[row, NAMES.index("holt_winters")].sum() == 0
