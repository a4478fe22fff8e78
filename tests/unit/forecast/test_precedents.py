"""What fills and is emptied again: futures from every time before."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops import plugins
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Known
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.stage import ForecastStage
from forecasts._precedents import find_precedents, replay

STEP = timedelta(minutes=5)
FULL = np.linspace(0.3, 1.0, 100)
HALF = np.linspace(0.3, 0.7, 57)


def teeth(*each, now=60):
    """Whole teeth and the first ``now`` cells of one more."""
    return np.concatenate([*each, FULL[:now]])


def foresee(values):
    plugin = plugins.load("forecasts", "trend")
    stage = ForecastStage(ForecastSettings(), plugin.create(plugin.settings()))
    times = (1_760_000_100 + np.arange(len(values)) * 300) * 10**9
    (told,) = stage.cross(
        Panel.of(values[None], times, STEP),
        [SeriesKey("v", "system.filesystem.utilization")],
        np.array([1.0]),
        [Direction.UP],
        STEP * 100,
        datetime(2026, 1, 1, tzinfo=UTC),
        Known(ceiling=np.array([1.0])),
    )
    return told


def test_each_earlier_tooth_that_came_as_high_is_one_precedent():
    found = find_precedents(teeth(FULL, HALF, FULL))
    assert found.at.tolist() == [59, 216]
    assert found.begun == 257


def test_the_pace_is_how_much_faster_the_present_tooth_rises():
    slow = np.linspace(0.3, 1.0, 200)
    found = find_precedents(np.concatenate([slow, slow, FULL[:60]]))
    assert found.pace == pytest.approx([2.0, 2.0], rel=0.2)
    futures = replay(
        np.concatenate([slow, slow, FULL[:60]]), found, np.array([0.2]), np.ones(1), 60
    )
    assert abs(int(futures[0].argmax()) - 40) <= 6


@pytest.mark.parametrize("mirrored", [False, True])
def test_futures_end_as_the_precedents_ended(mirrored):
    values = teeth(FULL, HALF, FULL)
    values = 1 - values if mirrored else values
    found = find_precedents(values)
    futures = replay(values, found, np.linspace(0, 0.99, 16), np.ones(16), 50)
    ended = futures.min(axis=1) if mirrored else futures.max(axis=1)
    assert ended == pytest.approx(np.full(16, 0.0 if mirrored else 1.0), abs=1e-12)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(50),
        np.linspace(0, 1, 200),
        np.concatenate([FULL, np.linspace(1.0, 0.7, 10)]),
        np.concatenate([k * 0.08 + np.linspace(0, 0.5, 40) for k in range(4)]),
    ],
    ids=["constant", "a line", "a fall by less than half", "climbs from tooth to tooth"],
)
def test_without_teeth_at_one_height_there_are_no_precedents(values):
    assert len(find_precedents(values).at) == 0


def test_futures_stay_within_the_record_however_long():
    rng = np.random.default_rng(3)
    values = teeth(*[FULL[: rng.integers(60, 101)] for _ in range(5)])
    found = find_precedents(values)
    draws, jitter = rng.random(64), np.exp(rng.normal(0, 0.2, 64))
    futures = replay(values, found, draws, jitter, 1000)
    after = futures[:, found.fades :]
    assert after.min() >= values.min() - 0.05
    assert after.max() <= values.max() + 0.05


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("times", [2, 6])
def test_what_was_full_each_time_before_is_foreseen_with_its_time(times, share):
    now = int(share * len(FULL))
    told = foresee(teeth(*[FULL] * times, now=now))
    assert told.abstained is Abstention.NONE
    left = STEP * (len(FULL) - now)
    assert told.early <= told.origin + left <= told.late
    assert told.late - told.early < left


def test_a_tooth_that_turned_back_lower_is_no_precedent_any_more():
    assert len(find_precedents(teeth(FULL, HALF, FULL, HALF, now=50)).at) == 4
    assert len(find_precedents(teeth(FULL, HALF, FULL, HALF, now=90)).at) == 2
