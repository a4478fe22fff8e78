"""Sources run in time, one after the other for each, whatever another one does."""

import threading
from datetime import timedelta

import numpy as np
import pytest

from aiops.collect.runner import ChangeKind, Collectors
from aiops.collect.settings import SourceSettings
from aiops.contracts.collector import Collection, Inventory
from aiops.contracts.errors import StoreError, Unreachable
from aiops.domain.asset import Asset
from aiops.domain.series import Batch, SeriesKey
from aiops.testing.clock import FakeClock

_SERIES = (SeriesKey("a", "m"),)


class _Fake:
    """A source in this process: it answers, refuses or hangs as told."""

    def __init__(self):
        self.calls = 0
        self.closed = False
        self.error = None
        self.go = threading.Event()
        self.go.set()
        self.inventory = Inventory((Asset("a"),))

    def collect(self, cursor, until, deadline):
        self.calls += 1
        self.go.wait(20)
        if self.error:
            raise self.error
        at = np.array([int(until.timestamp() * 1e9)])
        batch = Batch(_SERIES, np.zeros(1, np.int32), at, np.ones(1))
        return Collection(batch, {"n": str(int(cursor.get("n", 0)) + 1)}, {"parse": 1})

    def discover(self):
        return self.inventory

    def close(self):
        self.closed = True


class _Bench:
    def __init__(self, names=("one",), **options):
        self.clock = FakeClock()
        self.fakes = {name: _Fake() for name in names}
        self.delivered = []
        self.refuse = None
        sources = [
            SourceSettings(name, "fake", timedelta(seconds=10), site="Berlin") for name in names
        ]
        self.collectors = Collectors(
            sources,
            self.deliver,
            self.clock.now(),
            self.clock.monotonic(),
            create=lambda source: self.fakes[source.name],
            **options,
        )

    def deliver(self, name, collection, inventory):
        if self.refuse:
            raise self.refuse
        self.delivered.append((name, collection, inventory))

    def pass_time(self, seconds, wait_for=None):
        changes = []
        for _ in range(int(seconds * 2)):
            self.clock.sleep(0.5)
            changes += self.collectors.tick(self.clock.now(), self.clock.monotonic())
            self.settle(wait_for)
        return changes

    def settle(self, names=None):
        """Waits until the named sources (all by default) have no collection under way."""
        for _ in range(2000):
            running = [s.name for s in self.collectors.statuses() if s.running_since]
            if not set(running) & set(names or self.fakes):
                return
            threading.Event().wait(0.005)
        pytest.fail(f"still running: {running}")

    def status(self, name="one"):
        return next(s for s in self.collectors.statuses() if s.name == name)


@pytest.fixture
def bench(request):
    made = []

    def make(*args, **options):
        made.append(_Bench(*args, **options))
        return made[-1]

    yield make
    for one in made:
        for fake in one.fakes.values():
            fake.go.set()
        one.collectors.close()
        assert all(f.closed or not f.calls for f in one.fakes.values())


def test_a_source_is_read_once_per_interval_and_its_cursor_moves(bench):
    it = bench(cursors={"one": {"n": "40"}})
    it.pass_time(100)
    assert 9 <= it.fakes["one"].calls <= 11
    assert it.delivered[-1][1].cursor == {"n": str(40 + it.fakes["one"].calls)}
    assert it.status().dropped == {"parse": it.fakes["one"].calls}


def test_the_inventory_is_completed_once_while_it_stays_the_same(bench):
    it = bench()
    it.pass_time(30)
    inventories = [inventory for *_, inventory in it.delivered]
    assert inventories[0].assets[0].site == "Berlin"
    assert all(inventory is inventories[0] for inventory in inventories)


def test_a_hanging_source_delays_no_other_and_is_skipped_not_stacked(bench):
    it = bench(("one", "hangs"))
    it.fakes["hangs"].go.clear()
    it.pass_time(100, wait_for=["one"])
    assert it.fakes["one"].calls >= 9
    assert it.fakes["hangs"].calls == 1
    assert it.status("hangs").hung
    assert it.status("hangs").skipped >= 8
    it.fakes["hangs"].go.set()
    it.settle()
    assert not it.status("hangs").hung
    it.pass_time(20)
    assert it.fakes["hangs"].calls >= 2


def test_an_unreachable_source_is_asked_less_often_and_again_when_it_answers(bench):
    it = bench()
    it.fakes["one"].error = Unreachable("no route", "refused")
    it.pass_time(400)
    tried = it.fakes["one"].calls
    assert tried < 15
    assert (it.status().error, it.status().error_kind) == ("no route", "refused")
    it.fakes["one"].error = None
    it.pass_time(60)
    assert it.delivered
    assert it.status().error == ""
    assert it.status().failures == tried


def test_a_silent_source_is_one_change_and_its_return_another(bench):
    it = bench(silent_after=3)
    it.pass_time(20)
    it.fakes["one"].error = Unreachable("no route", "refused")
    changes = it.pass_time(200)
    assert [(c.source, c.kind) for c in changes] == [("one", ChangeKind.SILENT)]
    assert "no route" in changes[0].detail
    it.fakes["one"].error = None
    assert [c.kind for c in it.pass_time(60)] == [ChangeKind.BACK]


def test_a_bug_in_a_collector_is_counted_and_costs_no_other(bench):
    it = bench(("one", "bug"))
    it.fakes["bug"].error = ZeroDivisionError("oops")
    it.pass_time(50)
    assert it.status("bug").error_kind == "collector_failed"
    assert "oops" in it.status("bug").error
    assert it.fakes["one"].calls >= 4


def test_what_was_not_made_durable_is_read_again(bench):
    it = bench()
    it.refuse = StoreError("disk is full")
    it.pass_time(15)
    assert it.status().error_kind == "StoreError"
    it.refuse = None
    it.pass_time(60)
    assert it.delivered[0][1].cursor == {"n": "1"}


def test_a_collector_that_cannot_be_built_is_told_and_tried_again():
    clock = FakeClock()
    attempts = []

    def create(source):
        attempts.append(source.name)
        raise ImportError("pysnmp")

    sources = [SourceSettings("one", "snmp", timedelta(seconds=10))]
    collectors = Collectors(sources, lambda *_: None, clock.now(), clock.monotonic(), create=create)
    (status,) = collectors.run_once(clock.now())
    collectors.run_once(clock.now())
    collectors.close()
    assert "pysnmp" in status.error
    assert len(attempts) == 2


def test_after_close_nothing_is_started(bench):
    it = bench()
    it.collectors.close()
    it.pass_time(30)
    assert it.fakes["one"].calls == 0
