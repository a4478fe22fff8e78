from datetime import timedelta

import numpy as np
import pytest

from aiops import plugins
from aiops.contracts.executor import Ending, ShardError
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Known
from aiops.domain.panel import Panel
from aiops.forecast.spread import Shard, Spread, foretell
from aiops.scale.executors.local import LocalExecutor, LocalSettings

ROWS, CELLS = 25, 96
MINUTE = timedelta(minutes=1)


@pytest.fixture
def executor():
    local = LocalExecutor(LocalSettings(workers=2))
    yield local
    local.close()


def build(name):
    settings = plugins.load("forecasts", name).settings()
    return plugins.create("forecasts", name, settings), settings


def rising_rows():
    """Noisy rows, some of them close below their limit and some of them far."""
    draw = np.random.default_rng(3)
    values = 50 + draw.normal(0, 1.0, (ROWS, CELLS))
    step = 60 * 10**9
    panel = Panel(
        np.arange(ROWS), MINUTE, np.arange(CELLS) * step, values, np.zeros((ROWS, CELLS), np.uint8)
    )
    ceiling = Known(floor=np.full(ROWS, -10.0), ceiling=np.full(ROWS, 120.0))
    return Shard(
        panel, np.linspace(50.5, 60.0, ROWS), np.ones(ROWS, dtype=bool), np.full(ROWS, 60), ceiling
    )


def test_processes_tell_the_same_as_this_one(executor):
    forecaster, settings = build("mstl")
    shard = rising_rows()
    here = foretell(forecaster, shard, None)
    there = foretell(forecaster, shard, Spread(executor, "mstl", settings, timedelta(minutes=2)))
    assert executor._pool is not None, "the work was worth spreading"
    assert here.passage.probability.max() > 0.5 > here.passage.probability.min()
    for name in ("probability", "early", "likely", "late"):
        np.testing.assert_array_equal(getattr(there.passage, name), getattr(here.passage, name))
    np.testing.assert_array_equal(there.reason, here.reason)


def test_rows_that_are_late_abstain_and_say_so(executor):
    forecaster, settings = build("mstl")
    told = foretell(forecaster, rising_rows(), Spread(executor, "mstl", settings, timedelta(0)))
    assert set(told.reason.tolist()) == {Abstention.OUT_OF_TIME}
    assert np.isnan(told.passage.probability).all()


def test_a_cheap_forecaster_never_leaves_the_process(executor):
    forecaster, settings = build("trend")
    foretell(forecaster, rising_rows(), Spread(executor, "trend", settings, timedelta(minutes=2)))
    assert executor._pool is None


class FirstShardDies:
    """An executor whose first shard kills its worker; the others are answered."""

    def map(self, function, shards, deadline):
        yield ShardError("its process died", Ending.DIED)
        yield from (function(shard) for shard in shards[1:])

    def close(self):
        pass


def test_a_shard_that_kills_its_worker_costs_its_neighbours_nothing():
    forecaster, settings = build("mstl")
    spread = Spread(FirstShardDies(), "mstl", settings, timedelta(minutes=2))
    told = foretell(forecaster, rising_rows(), spread)
    set_aside = told.reason == Abstention.QUARANTINED
    assert 0 < set_aside.sum() < ROWS
    assert np.isnan(told.passage.probability[set_aside]).all()
    assert np.isfinite(told.passage.probability[~set_aside]).all()
