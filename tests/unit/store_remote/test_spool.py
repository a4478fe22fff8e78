"""The spool in front of a store that fails in every way a remote one does."""

import sqlite3
import threading
import time
from datetime import timedelta

import numpy as np
import pytest

from aiops.contracts.errors import Refused, StoreError, Unreachable
from aiops.domain.panel import Aggregation
from aiops.domain.series import Samples
from aiops.domain.step import DAY, HOUR, MINUTE
from aiops.store import sending
from aiops.store.engines.memory import MemoryStore
from aiops.store.grid import MS
from aiops.store.sending import CHUNK, Sender
from aiops.store.spool import Spool
from aiops.store.spooled import SpooledStore
from aiops.testing.panels import MONDAY
from aiops.testing.series_store import check_series_store, samples
from tests.waiting import wait_for


class Flaky(MemoryStore):
    """A store in memory that is away, refuses values, or forgets, when told to."""

    settles = 0.05

    def __init__(self):
        super().__init__()
        self.away = False
        self.forget_next = False
        self.never_keeps = frozenset()
        self.poison = frozenset()
        self.writes = []
        self.gate = threading.Event()
        self.gate.set()

    def append(self, samples):
        self.gate.wait(60)
        if self.away:
            raise StoreError("away") from Unreachable("away")
        bad = set(samples.values.tolist()) & self.poison
        if bad:
            raise StoreError(f"refused {bad}") from Refused("refused")
        self.writes.append(samples)
        if self.forget_next:
            self.forget_next = False
            return
        kept = ~np.isin(samples.values, list(self.never_keeps))
        super().append(Samples(samples.ids[kept], samples.times[kept], samples.values[kept]))

    def stored(self, ids, start, end):
        if self.away:
            raise StoreError("away") from Unreachable("away")
        return super().samples(ids, start, end)

    def samples(self, ids, start, end):
        return self.stored(ids, start, end)

    def ping(self):
        if self.away:
            raise StoreError("away") from Unreachable("away")

    def about(self):
        return {"engine": "flaky"}

    def keep_from(self, oldest):
        pass


@pytest.fixture
def remote():
    return Flaky()


def opened(remote, tmp_path, max_bytes=1 << 30, max_age_ns=DAY, clock=time.time):
    return SpooledStore(remote, Spool(tmp_path / "spool.db", max_bytes, max_age_ns, clock))


def one(minute, value, number=1):
    return samples((number, minute * MINUTE, value))


def everything(store, number=1):
    return store.samples(np.array([number]), MONDAY - DAY, MONDAY + 9 * DAY).values.tolist()


def test_it_keeps_the_contract_of_series_stores(tmp_path):
    remote = Flaky()
    remote.settles = 0.01
    check_series_store(lambda: opened(remote, tmp_path))


def test_samples_wait_while_the_store_is_away_and_survive_a_restart(remote, tmp_path):
    remote.away = True
    store = opened(remote, tmp_path)
    for k in range(5):
        store.append(one(k, float(k)))
    wait_for(lambda: store.status()["reachable"] is False)
    assert store.status()["error"] == "away"
    with pytest.raises(StoreError, match="away"):
        everything(store)
    store.close()
    remote.away = False
    store = opened(remote, tmp_path)
    assert store.settle(10)
    assert remote.samples(np.array([1]), MONDAY, MONDAY + DAY).values.tolist() == [0, 1, 2, 3, 4]
    assert store.status()["spool_samples"] == 0
    store.close()


def test_what_waits_is_read_over_what_is_stored(remote, tmp_path):
    store = opened(remote, tmp_path)
    store.append(samples((1, 0, 1.0), (1, MINUTE, 2.0), (2, 0, 5.0)))
    assert store.settle(10)
    remote.gate.clear()  # the server takes its time
    store.append(samples((1, MINUTE, 3.0), (1, 2 * MINUTE, 4.0)))
    assert everything(store) == [1, 3, 4]
    ids = np.array([2, 1])
    panel = store.panel(ids, MONDAY, MONDAY + 3 * MINUTE, timedelta(minutes=1))
    np.testing.assert_array_equal(panel.values, [[5, np.nan, np.nan], [1, 3, 4]])
    counters = np.array([False, True])
    rates = store.panel(
        ids, MONDAY, MONDAY + 3 * MINUTE, timedelta(minutes=1), Aggregation.LAST, counters
    )
    np.testing.assert_allclose(rates.values[1], [np.nan, 2 / 60, 1 / 60])
    times, values = store.latest(ids)
    assert ((times - MONDAY) // MINUTE).tolist() == [0, 2]
    assert values.tolist() == [5, 4]
    remote.gate.set()
    store.close()


def test_newest_goes_first_and_a_replacement_after_what_it_replaces(tmp_path):
    spool = Spool(tmp_path / "spool.db", 1 << 30, DAY)
    sender = Sender(Flaky(), spool)
    big = CHUNK // 2 + 1
    for k in range(3):
        ids = np.arange(big)
        spool.put(Samples(ids, np.full(big, MONDAY + k * MINUTE), np.ones(big)), late=False)
    spool.put(one(0, 9.0), late=True)
    spool.put(one(9, 1.0), late=False)
    order = []
    while rows := sender.choose():
        order.append([row.seq for row in rows])
        for row in rows:
            sender.state.sent[row.seq] = 0.0
    assert order == [[5, 3][::-1], [2], [1], [4]] or order == [[3, 5], [2], [1], [4]]
    spool.close()


def test_a_correction_wins_although_newest_goes_first(remote, tmp_path):
    remote.away = True
    store = opened(remote, tmp_path)
    store.append(one(0, 1.0))
    store.append(one(5, 5.0))
    store.append(one(0, 2.0))
    store.append(one(0, 3.0))
    store.close()
    remote.away = False
    store = opened(remote, tmp_path)
    store.append(one(0, 4.0))
    assert store.settle(10)
    assert remote.samples(np.array([1]), MONDAY, MONDAY + DAY).values.tolist() == [4, 5]
    store.close()


def test_a_batch_the_store_forgot_is_sent_again(remote, tmp_path):
    remote.forget_next = True
    store = opened(remote, tmp_path)
    store.append(one(0, 1.0))
    assert store.settle(10)
    assert remote.samples(np.array([1]), MONDAY, MONDAY + DAY).values.tolist() == [1]
    assert store.status()["samples_sent_again"] == 1
    store.close()


def test_poison_is_narrowed_down_set_aside_and_the_rest_is_stored(remote, tmp_path):
    remote.poison = frozenset({13.0})
    store = opened(remote, tmp_path)
    store.append(samples(*((k, 0, float(k)) for k in range(40))))
    assert store.settle(10)
    found = remote.samples(np.arange(40), MONDAY, MONDAY + DAY)
    assert found.values.tolist() == [float(k) for k in range(40) if k != 13]
    (aside,) = store.spool.refused()
    assert "refused {13.0}" in aside.reason
    assert aside.samples.values.tolist() == [13.0]
    assert store.status()["spool_set_aside"] == 1
    assert store.status()["reachable"] is True
    store.close()


def test_what_was_set_aside_waits_again_or_is_thrown_away_by_its_number(remote, tmp_path):
    remote.poison = frozenset({3.0, 5.0, 7.0})
    store = opened(remote, tmp_path)
    for k in (3, 5, 7):
        store.append(samples((1, k * MINUTE, float(k)), (2, k * MINUTE, 1.0)))
        assert store.drain(10)
    first, second, third = store.spool.refused()
    assert store.status()["spool_set_aside"] == 3
    assert store.spool.discard([second.number]) == 1
    remote.poison = frozenset()
    assert store.spool.requeue([third.number, 999]) == 1
    assert store.settle(10)
    assert [each.number for each in store.spool.refused()] == [first.number]
    assert everything(store) == [7]
    assert everything(store, 2) == [1, 1, 1]
    status = store.status()
    assert status["spool_lost_by_reason"] == {"discarded": 1}
    assert (status["spool_set_aside"], status["spool_dropped"]) == (1, 0)
    store.close()


def test_a_store_that_falls_silent_while_nothing_is_written_is_noticed(
    remote, tmp_path, monkeypatch
):
    monkeypatch.setattr(sending, "_SILENCE", 0.1)
    store = opened(remote, tmp_path, clock=lambda: 1_767_571_200.0)
    wait_for(lambda: store.status()["reachable"])
    remote.away = True
    wait_for(lambda: not store.status()["reachable"])
    assert store.status()["down_since"] == "2026-01-05T00:00:00+00:00"
    assert store.status()["engine"] == "flaky"
    remote.away = False
    wait_for(lambda: store.status()["reachable"])
    assert store.status()["down_since"] is None
    store.close()


def test_a_store_that_refuses_everything_is_not_believed(remote, tmp_path):
    remote.poison = frozenset(float(k) for k in range(40))
    store = opened(remote, tmp_path)
    store.append(samples(*((k, 0, float(k)) for k in range(40))))
    wait_for(lambda: store.status()["reachable"] is False)
    assert "refuses everything" in store.status()["error"]
    assert store.status()["spool_set_aside"] == 0
    remote.poison = frozenset()
    assert store.settle(10)
    assert len(remote.samples(np.arange(40), MONDAY, MONDAY + DAY)) == 40
    store.close()


def test_a_sample_that_is_taken_and_never_shown_is_set_aside_in_the_end(remote, tmp_path):
    remote.never_keeps = frozenset({2.0})
    store = opened(remote, tmp_path)
    store.append(samples((1, 0, 1.0), (1, MINUTE, 2.0)))
    assert store.settle(20)
    (aside,) = store.spool.refused()
    assert "never shown" in aside.reason
    assert aside.samples.values.tolist() == [2.0]
    store.close()


def test_beyond_its_bound_the_oldest_is_dropped_and_counted_by_series(remote, tmp_path):
    remote.away = True
    store = opened(remote, tmp_path, max_bytes=300)
    for k in range(6):
        store.append(one(k, float(k), number=k))
    assert store.spool.bytes <= 300
    kept = sorted(row.first for row in store.spool.rows.values())
    assert kept == [MONDAY + k * MINUTE for k in range(3, 6)]
    assert store.spool.losses.by_series == {(k, "spool_full"): 1 for k in range(3)}
    assert store.status()["spool_dropped"] == 3
    store.close()
    again = Spool(tmp_path / "spool.db", 300, DAY)
    assert again.losses.dropped == 3
    again.close()


def test_samples_wait_no_longer_than_allowed_whatever_their_own_time(remote, tmp_path):
    now = [1000.0]
    remote.away = True
    store = opened(remote, tmp_path, max_age_ns=HOUR, clock=lambda: now[0])
    store.append(samples((1, -3 * DAY, 1.0)))  # an old sample that came just now
    now[0] += 1800
    store.append(one(0, 2.0))
    assert store.status()["spool_dropped"] == 0
    now[0] += 1801
    store.append(one(1, 3.0))
    assert store.status()["spool_lost_by_reason"] == {"waited_too_long": 1}
    store.close()


def test_a_damaged_spool_is_set_aside_and_a_new_one_begun(remote, tmp_path):
    path = tmp_path / "spool.db"
    path.write_bytes(b"this is no database" * 1000)
    store = opened(remote, tmp_path)
    store.append(one(0, 1.0))
    assert store.settle(10)
    assert "spool.db.corrupt-1" in store.status()["spool_damage"]
    assert (tmp_path / "spool.db.corrupt-1").exists()
    store.close()


def test_a_batch_damaged_on_disk_costs_only_itself(remote, tmp_path):
    remote.away = True
    store = opened(remote, tmp_path)
    store.append(one(0, 1.0))
    store.append(one(1, 2.0))
    store.close()
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.execute("UPDATE batch SET data = zeroblob(length(data)) WHERE seq = 1")
    db.close()
    remote.away = False
    store = opened(remote, tmp_path)
    assert store.settle(10)
    assert remote.samples(np.array([1]), MONDAY, MONDAY + DAY).values.tolist() == [2]
    assert store.status()["spool_lost_by_reason"] == {"damaged": 1}
    store.close()


def test_a_spool_that_cannot_write_acknowledges_nothing(remote, tmp_path):
    store = opened(remote, tmp_path)
    store.spool._db.execute("PRAGMA max_page_count=1")  # as a full disk does
    big = Samples(np.arange(10_000), np.full(10_000, MONDAY), np.ones(10_000))
    with pytest.raises(StoreError, match="full"):
        store.append(big)
    store.spool._db.execute("PRAGMA max_page_count=1000000")
    store.append(big)
    assert store.settle(10)
    assert len(remote.samples(np.arange(10_000), MONDAY, MONDAY + MS)) == 10_000
    store.close()


def test_the_file_gives_its_space_back_when_nothing_waits_any_more(remote, tmp_path):
    remote.away = True
    store = opened(remote, tmp_path)
    n = 300_000
    for k in range(6):
        store.append(Samples(np.arange(n), np.full(n, MONDAY + k * MINUTE), np.ones(n)))
    path = tmp_path / "spool.db"
    store.spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    full = path.stat().st_size
    assert full > 6 * n * 12
    remote.away = False
    assert store.settle(30)
    wait_for(lambda: store.spool._db.execute("PRAGMA freelist_count").fetchone()[0] == 0)
    store.spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert path.stat().st_size < full / 10
    store.close()


def test_a_value_that_is_not_finite_is_refused_at_the_door(remote, tmp_path):
    store = opened(remote, tmp_path)
    with pytest.raises(StoreError, match="finite"):
        store.append(one(0, float("nan")))
    store.close()
