"""The stage keeps the promises of a detector: cuts, restarts, rows in any order."""

import io
from datetime import timedelta

import numpy as np
import pytest

from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.detect.terms import Gap, Terms
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel
from aiops.domain.state import State
from aiops.testing.detector import awkward_fleet

STEP_NS = 300 * 10**9


@pytest.fixture(params=["novelty", "seasonal"])
def stage(request):
    return DetectStage.of(DetectSettings(detector=request.param, budget=50.0))


@pytest.fixture
def panel():
    values, times = awkward_fleet(900), np.arange(900) * STEP_NS
    calendar = build_calendar(times, ["UTC"] * len(values))
    return Panel.of(values, times, timedelta(minutes=5), calendar=calendar)


def every_policy(n):
    """Terms of rows that differ in all that terms can differ in."""
    rows = np.arange(n)
    return Terms(
        np.where(rows % 2, 50.0, 5.0),
        np.where(rows % 3, 0.0, 0.05),
        (rows % 3 - 1).astype(np.int8),
        (rows % len(Gap)).astype(np.int8),
    )


def through_npz(state):
    file = io.BytesIO()
    np.savez(file, **state.arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as saved:
        return State(state.version, {name: saved[name] for name in saved.files})


@pytest.mark.parametrize("differ", [False, True])
@pytest.mark.parametrize("size", [1, 37, 450])
def test_scores_do_not_depend_on_how_cells_are_cut(stage, panel, size, differ):
    terms = every_policy(len(panel.series)) if differ else None
    _, whole = stage.score(stage.start(len(panel.series)), panel, terms)
    state = stage.start(len(panel.series))
    parts = []
    for at in range(0, 900, size):
        state, found = stage.score(state, panel.columns(at, min(at + size, 900)), terms)
        state = through_npz(state)
        parts.append(found)
    for name in ("score", "tail", "alert", "is_anomaly", "reason"):
        joined = np.concatenate([getattr(part, name) for part in parts], axis=1)
        np.testing.assert_array_equal(joined, getattr(whole, name), err_msg=name)


def test_rows_in_another_order_get_the_same_scores(stage, panel):
    _, whole = stage.score(stage.start(len(panel.series)), panel)
    order = np.arange(len(panel.series))[::-1].copy()
    state, _ = stage.score(stage.start(len(panel.series)), panel.columns(0, 400))
    _, late = stage.score(state.take(order), panel.columns(400, 900).take(order))
    np.testing.assert_array_equal(late.score, whole.score[order, 400:])


def test_ended_events_are_told_once_however_cells_are_cut(stage, panel):
    def ended(size):
        state, seen = stage.start(len(panel.series)), []
        for at in range(0, 900, size):
            state, events = stage.update(state, panel.columns(at, min(at + size, 900)))
            seen += [event for event in events if event.end is not None]
        return sorted(seen, key=lambda event: (event.row, event.start))

    whole = ended(900)
    assert whole
    assert ended(50) == whole


def test_a_silent_fleet_is_no_error(stage):
    empty = Panel.of(np.empty((3, 0)), np.empty(0, np.int64), timedelta(minutes=5))
    state, found = stage.score(stage.start(3), empty)
    assert found.score.shape == (3, 0)
    nothing = Panel.of(np.empty((0, 4)), np.arange(4), timedelta(minutes=5))
    _, found = stage.score(stage.start(0), nothing)
    assert found.score.shape == (0, 4)
    assert len(state) == 3
