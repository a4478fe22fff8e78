"""Batches that come at once are written in few transactions, and a bad one costs no other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from aiops.contracts.errors import StoreError
from aiops.domain.series import Samples, SeriesKey
from aiops.domain.step import MINUTE
from aiops.store.catalogue import MemoryCatalogue
from aiops.store.panels import LivePanels
from aiops.store.settings import StoreSettings
from tests.waiting import wait_for

N = 24


class Slow:
    """A store whose first write waits until all the others stand in line."""

    def __init__(self, poison=None):
        self.writes, self.kept, self.poison = [], {}, poison
        self.entered, self.go = threading.Event(), threading.Event()

    def append(self, samples):
        if not self.writes:
            self.writes.append(samples.ids.tolist())
            self.entered.set()
            assert self.go.wait(20)
        else:
            self.writes.append(samples.ids.tolist())
        if self.poison in samples.ids.tolist():
            raise StoreError("refused")
        self.kept |= dict(zip(samples.ids.tolist(), samples.values.tolist(), strict=True))


def write_all(store, tmp_path):
    catalogue = MemoryCatalogue()
    catalogue.ids(tuple(SeriesKey("a", f"m{n}") for n in range(N)), MINUTE)
    panels = LivePanels(store, catalogue, tmp_path, StoreSettings())
    panels._fill = lambda *_: None  # the window is another matter

    def ingest(n):
        panels.ingest(Samples(np.array([n]), np.array([MINUTE]), np.array([float(n)])))

    with ThreadPoolExecutor(N) as pool:
        first = pool.submit(ingest, 0)
        assert store.entered.wait(20)
        others = [pool.submit(ingest, n) for n in range(1, N)]
        wait_for(lambda: len(panels._waiting) == N - 1)
        store.go.set()
        return [each.exception(20) for each in (first, *others)]


def test_what_stands_in_line_is_written_in_one_transaction(tmp_path):
    store = Slow()
    assert write_all(store, tmp_path) == [None] * N
    assert [len(ids) for ids in store.writes] == [1, N - 1]
    assert store.kept == {n: float(n) for n in range(N)}


def test_a_batch_that_is_refused_is_told_to_its_own_source_only(tmp_path):
    store = Slow(poison=7)
    errors = write_all(store, tmp_path)
    assert [n for n, error in enumerate(errors) if error is not None] == [7]
    assert isinstance(errors[7], StoreError)
    assert sorted(store.kept) == [n for n in range(N) if n != 7]


def test_a_batch_alone_tells_its_own_error(tmp_path):
    catalogue = MemoryCatalogue()
    catalogue.ids((SeriesKey("a", "m"),), MINUTE)
    store = Slow(poison=0)
    store.go.set()
    panels = LivePanels(store, catalogue, tmp_path, StoreSettings())
    with pytest.raises(StoreError, match="refused"):
        panels.ingest(Samples(np.array([0]), np.array([MINUTE]), np.array([1.0])))
