"""A store read from beside the process that holds it, through a real socket."""

import stat
from datetime import timedelta

import numpy as np
import pytest

from aiops.contracts.errors import StoreError
from aiops.daemon.reads import serve_reads
from aiops.domain.panel import Aggregation
from aiops.domain.series import Samples
from aiops.store.beside import SOCKET, BesideReader
from aiops.store.open import open_directly
from aiops.store.settings import StoreSettings

SECOND = 10**9
START = 1_767_225_600 * SECOND
MINUTE = timedelta(minutes=1)


@pytest.fixture
def held(tmp_path):
    store = open_directly(StoreSettings(), tmp_path)
    times = np.tile(START + np.arange(0, 600, 30) * SECOND, 3)
    ids = np.repeat(np.arange(1, 4), 20)
    store.append(Samples(ids, times, np.cumsum(np.ones(60)) / 7))
    server = serve_reads(store, tmp_path)
    server.start()
    beside = BesideReader(tmp_path)
    yield store, beside, server, tmp_path
    beside.close()
    server.stop()
    store.close()


@pytest.mark.parametrize("aggregation", Aggregation)
@pytest.mark.parametrize("counters", [None, [True, False, True]])
def test_panels_are_those_of_the_store(held, aggregation, counters):
    store, beside, *_ = held
    ids = np.array([3, 1, 2])
    asked = (ids, START, START + 900 * SECOND, MINUTE, aggregation)
    counters = None if counters is None else np.array(counters)
    ours, theirs = beside.panel(*asked, counters), store.panel(*asked, counters)
    for name in ("series", "times", "values", "quality"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
        assert getattr(ours, name).dtype == getattr(theirs, name).dtype
    assert (ours.step, ours.aggregation) == (theirs.step, theirs.aggregation)


def test_samples_are_those_of_the_store(held):
    store, beside, *_ = held
    asked = (np.array([2, 3]), START, START + 300 * SECOND)
    ours, theirs = beside.samples(*asked), store.samples(*asked)
    assert len(ours) == 20
    for name in ("ids", "times", "values"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_only_its_owner_may_use_the_socket(held):
    mode = (held[3] / SOCKET).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_daemon_that_went_away_is_named_with_what_to_do(held):
    *_, server, directory = held
    server.stop()
    with pytest.raises(StoreError, match=rf"{directory / SOCKET}: the running daemon does not"):
        BesideReader(directory)


def test_what_the_store_cannot_read_is_told_in_its_own_words(held, monkeypatch):
    store, beside, *_ = held

    def fail(*_):
        raise StoreError("day 2026-01-01 is damaged; restore it")

    monkeypatch.setattr(store, "samples", fail)
    with pytest.raises(StoreError, match="the running daemon says: day 2026-01-01 is damaged"):
        beside.samples(np.array([1]), START, START + SECOND)


def test_a_directory_too_deep_for_a_socket_costs_the_commands_and_not_the_daemon(held):
    deep = held[3] / ("d" * 120)
    deep.mkdir()
    assert serve_reads(held[0], deep) is None
