"""What sources send and no one measured: a score or a reason, never an exception."""

from datetime import timedelta

import numpy as np
import pytest

from aiops.detect import joint
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.detect.trial import run_trial
from aiops.domain.abstention import Abstention
from aiops.domain.panel import Panel

CELLS = 900
MINUTE = 60 * 10**9


def noise():
    return np.random.default_rng(8).normal(size=CELLS)


def changed(at, value):
    made = noise()
    made[at] = value
    return made


AWKWARD = {
    "runs of NaN": lambda: changed(slice(200, 500), np.nan),
    "infinities": lambda: changed([100, 400, 401], [np.inf, -np.inf, np.inf]),
    "a constant": lambda: np.full(CELLS, 7.5),
    "a single point": lambda: np.where(np.arange(CELLS) == 450, 1.0, np.nan),
    "another unit": lambda: (5 + 0.1 * noise()) * np.where(np.arange(CELLS) < 450, 1, 1024),
    "a state of 0 and 1": lambda: (np.arange(CELLS) // 130 % 2) * 1.0,
    "a counter with resets": lambda: (np.arange(CELLS) % 250) * 1e6,
    "integers beyond 2^53": lambda: 2.0**60 + 1e6 * np.round(10 * noise()),
    "absurdly large values": lambda: changed([90, 400], [1e308, -1e308]),
}


@pytest.mark.parametrize("detector", ["novelty", "seasonal"])
@pytest.mark.parametrize("kind", AWKWARD)
def test_it_is_scored_or_given_a_reason_and_disturbs_no_other_series(kind, detector):
    stage = DetectStage.of(DetectSettings(detector=detector))
    values = np.array([AWKWARD[kind](), noise(), noise()[::-1]])
    times = np.arange(CELLS, dtype=np.int64) * MINUTE
    panel = Panel.of(values, times, timedelta(minutes=1))
    _, found = stage.score(stage.start(3), panel)
    answered = np.isfinite(found.score)
    assert not np.isinf(found.score).any()
    assert ((found.reason == Abstention.NONE) == answered).all()
    _, alone = stage.score(stage.start(2), panel.take(np.array([1, 2])))
    np.testing.assert_array_equal(found.score[1:], alone.score)
    places = np.arange(3, dtype=np.int64)[None]
    _, together = joint.update(
        joint.start(1, 3), panel, found.contribution, places, np.array([0.1])
    )
    assert np.isfinite(together.score[0, 200:]).all()


@pytest.mark.parametrize(
    "times",
    [
        np.repeat(np.arange(CELLS // 2, dtype=np.int64), 2) * MINUTE,
        np.arange(CELLS, dtype=np.int64)[::-1] * MINUTE,
        np.zeros(CELLS, np.int64),
    ],
    ids=["equal times", "time goes backwards", "one time for all"],
)
def test_rows_are_scored_in_the_order_they_come_whatever_their_times(times):
    stage = DetectStage.of(DetectSettings())
    found = run_trial(stage, np.array([noise()]), times, plain=False, step_ns=MINUTE)
    assert found.score.shape == (CELLS,)
    assert np.isfinite(found.score[100:]).all()


def test_a_recording_of_one_row_is_an_abstention():
    stage = DetectStage.of(DetectSettings())
    found = run_trial(stage, np.array([[1.0]]), np.zeros(1, np.int64), plain=False, step_ns=MINUTE)
    assert np.isnan(found.score).all()
    assert found.is_anomaly.tolist() == [0]
