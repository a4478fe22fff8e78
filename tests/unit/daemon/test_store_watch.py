"""A store that is away: told once, counted, and an incident where samples are lost."""

from datetime import timedelta

import numpy as np
import pytest
import structlog

from aiops.config import parse
from aiops.daemon.service import Service
from aiops.daemon.store_watch import StoreWatch
from aiops.domain.asset import SYSTEM
from aiops.domain.event import DATA_LOSS, SELF
from aiops.domain.series import Samples
from aiops.ledger.open import open_ledger
from aiops.store.engines.memory import MemoryStore
from aiops.testing.clock import FakeClock
from aiops.testing.ledger import NOW
from aiops.testing.panels import MONDAY
from tests.unit.daemon.test_service import feed
from tests.unit.store_remote.test_spool import Flaky, one, opened
from tests.waiting import wait_for


@pytest.fixture
def ledger(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", NOW)
    yield ledger
    ledger.close()


@pytest.fixture
def remote():
    return Flaky()


def fall(remote, store, *, away):
    remote.away = away
    wait_for(lambda: bool(store.status()["reachable"]) is not away)


def lose(store, n):
    for k in range(n):
        store.append(one(k, float(k)))


def test_what_the_bound_dropped_is_told_once_until_the_store_is_back(remote, ledger, tmp_path):
    store = opened(remote, tmp_path, max_bytes=300)
    watch = StoreWatch(store, ledger)
    assert watch.look(NOW) is None
    remote.away = True
    store.append(one(0, 0.0))
    fall(remote, store, away=True)
    assert watch.look(NOW) is None  # away, and nothing lost yet
    lose(store, 6)
    failure = watch.look(NOW)
    assert (failure.asset, failure.kind, failure.at) == (SELF, DATA_LOSS, NOW)
    lose(store, 6)
    assert watch.look(NOW) is None
    fall(remote, store, away=False)
    assert watch.look(NOW) is None
    assert StoreWatch(store, ledger).look(NOW) is None  # nor by the next daemon
    remote.away = True
    store.append(one(0, 0.0))
    fall(remote, store, away=True)
    lose(store, 6)
    assert watch.look(NOW + timedelta(hours=1)).kind == DATA_LOSS
    store.close()


def test_a_store_that_goes_and_comes_back_is_logged_once_each(remote, ledger, tmp_path):
    store = opened(remote, tmp_path)
    watch = StoreWatch(store, ledger)
    with structlog.testing.capture_logs() as logs:
        for away in (True, True, False, False):
            remote.away = away
            store.append(one(0, 0.0))
            fall(remote, store, away=away)
            watch.look(NOW)
    assert [(each["event"], each["engine"]) for each in logs] == [
        ("series store away", "flaky"),
        ("series store back", "flaky"),
    ]
    store.close()


def test_the_figures_of_spool_and_store_are_in_the_metrics(tmp_path, monkeypatch):
    remote = Flaky()
    store = opened(remote, tmp_path, max_bytes=300)
    service = served(tmp_path, monkeypatch, store)
    remote.poison = frozenset({7.0})
    store.append(Samples(np.arange(3), np.full(3, MONDAY), np.array([1.0, 7.0, 2.0])))
    assert store.settle(10)
    remote.away = True
    lose(store, 6)
    fall(remote, store, away=True)
    lines = service.metrics().splitlines()
    assert 'aiops_store_up{engine="flaky"} 0.0' in lines
    assert 'aiops_samples_lost_total{reason="spool_full"} 3.0' in lines
    assert "aiops_spool_samples 3.0" in lines
    assert "aiops_spool_set_aside 1.0" in lines
    assert "aiops_store_samples_confirmed_total 2.0" in lines
    assert "aiops_samples_conflict_total 0.0" in lines
    service.close()


def test_an_embedded_store_has_no_such_figures(ledger):
    watch = StoreWatch(MemoryStore(), ledger)
    assert list(watch.collect()) == []
    assert watch.look(NOW) is None


def test_lost_samples_become_an_incident_of_the_service_itself(tmp_path, monkeypatch):
    remote = Flaky()
    store = opened(remote, tmp_path, max_bytes=400)
    clock = FakeClock()
    service = served(tmp_path, monkeypatch, store, clock)
    service.load()
    feed(service, 3, clock)
    remote.away = True
    lose(store, 9)
    fall(remote, store, away=True)
    service.store_tick()
    feed(service, 3, clock)
    service.store_tick()
    incidents = service.ledger.incidents(SYSTEM, open_only=True)
    assert [(each.asset, each.series.signal) for each in incidents] == [
        (SELF, "reported{kind=data-loss}")
    ]
    assert "samples are lost since" in incidents[0].sentence["en"]
    assert "样本丢失" in incidents[0].sentence["zh"]
    service.close()


def served(tmp_path, monkeypatch, store, clock=None):
    monkeypatch.setattr("aiops.daemon.service.open_store", lambda *_: store)
    text = f"store: {{ledger_url: 'sqlite:///{tmp_path}/ledger.db'}}\n"
    return Service(parse(text, "a"), tmp_path / "a", clock or FakeClock())
