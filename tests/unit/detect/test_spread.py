from datetime import timedelta

import numpy as np
import pytest

from aiops.assemble import detect_stage
from aiops.config import Settings
from aiops.contracts.executor import Ending, ShardError
from aiops.detect.settings import DetectSettings
from aiops.detect.spread import Spread
from aiops.detect.stage import DetectStage, create_detector
from aiops.domain.abstention import Abstention
from aiops.domain.panel import Panel
from aiops.scale.executors.local import LocalExecutor, LocalSettings

ROWS, CELLS = 60, 4 * 288
FIVE = timedelta(minutes=5)
MINUTES = timedelta(minutes=2)


@pytest.fixture
def executor():
    local = LocalExecutor(LocalSettings(workers=2))
    yield local
    local.close()


def waves(rows: int = ROWS) -> Panel:
    """Daily waves; every tenth row has no sample."""
    t = np.arange(CELLS)
    values = np.sin(2 * np.pi * t / 288) + np.random.default_rng(3).normal(0, 0.1, (rows, CELLS))
    values[::10] = np.nan
    return Panel.of(values, t * 300 * 10**9, FIVE)


def test_processes_score_the_same_as_this_one(executor):
    detector, panel = create_detector("stl", {}), waves()
    spread = Spread(detector, executor, "stl", {}, MINUTES)
    half = CELLS // 2
    states, found = [], []
    for one in (detector, spread):
        state, _ = one.update(one.start(ROWS), panel.columns(0, half))
        state, scores = one.update(state, panel.columns(half, CELLS))
        states.append(state)
        found.append(scores)
    assert executor._pool is not None, "the work was worth spreading"
    assert np.isfinite(found[0].score).mean() > 0.5
    for name in ("score", "contribution", "reason", "expected"):
        np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))
    for name, array in states[0].arrays.items():
        np.testing.assert_array_equal(array, states[1].arrays[name])


def test_cells_without_a_fit_never_leave_the_process(executor):
    spread = Spread(create_detector("stl", {}), executor, "stl", {}, MINUTES)
    spread.update(spread.start(ROWS), waves().columns(0, 200))
    assert executor._pool is None


class FirstShardDies:
    """An executor whose first shard kills its worker; the others are answered."""

    def map(self, function, shards, deadline):
        yield ShardError("its process died", Ending.DIED)
        yield from (function(shard) for shard in shards[1:])

    def close(self):
        pass


def test_rows_whose_worker_died_abstain_and_go_on_later():
    detector, panel = create_detector("stl", {}), waves()
    spread = Spread(detector, FirstShardDies(), "stl", {}, MINUTES)
    state, scores = spread.update(spread.start(ROWS), panel)
    set_aside = (scores.reason == Abstention.QUARANTINED).all(axis=1)
    assert 0 < set_aside.sum() < ROWS
    assert np.isnan(scores.score[set_aside]).all()
    assert np.isfinite(scores.score[~set_aside][:, -1]).any()
    later = Panel.of(panel.values, panel.times + panel.times[-1] + FIVE.seconds * 10**9, FIVE)
    _, after = detector.update(state, later)
    assert np.isfinite(after.score[set_aside][1:, -1]).all()


def test_only_what_fits_models_is_spread(executor):
    spread = detect_stage(Settings(detect=DetectSettings(detector="stl")), executor)
    assert isinstance(spread.detector, Spread)
    assert spread.version == DetectStage.of(DetectSettings(detector="stl")).version
    assert not isinstance(detect_stage(Settings(), executor).detector, Spread)


def test_the_daemon_compares_siblings_when_the_method_does(executor):
    assert detect_stage(Settings(detect=DetectSettings(detector="peers")), executor).compares
