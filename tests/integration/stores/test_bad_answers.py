"""A real VictoriaMetrics behind a proxy that spoils what passes; nothing is lost or doubled."""

from datetime import timedelta

import numpy as np
import pytest

from aiops.contracts.errors import StoreError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.series import Samples
from aiops.domain.step import DAY, MINUTE
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.store.spool import Spool
from aiops.store.spooled import SpooledStore
from aiops.testing.fault_proxy import Fault, FaultProxy
from aiops.testing.panels import MONDAY
from aiops.testing.series_store import samples
from tests.integration.stores.servers import missing, victoria_metrics
from tests.waiting import wait_for

FAULTS = [
    Fault.LATENCY,
    Fault.REFUSE,
    Fault.HANG,
    Fault.RESET_PEER,
    Fault.COMMIT_THEN_DROP,
    Fault.COMMIT_THEN_HANG,
    Fault.COMMIT_THEN_5XX,
    Fault.REDIRECT_LOGIN,
    Fault.TOO_MANY_THEN_OK,
    Fault.ANSWER_202,
    Fault.EMPTY_200,
    Fault.HTML_200,
]


def told(store, words):
    """The state of a store whose error says this, None of any other."""
    status = store.status()
    return status if words in status["error"] else None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_spoiled_write_is_written_once_in_the_end(victoria, tmp_path, fault):
    with FaultProxy("127.0.0.1", victoria.port) as proxy:
        settings = VictoriaMetricsSettings(
            url=proxy.url,
            name=f"spoiled-{fault.value.replace('_', '-')}",
            timeout=timedelta(seconds=1),
        )
        store = SpooledStore(VictoriaMetricsStore(settings), Spool(tmp_path / "s.db", 1 << 30, DAY))
        proxy.fault, proxy.times = fault, 2
        for k in range(5):
            store.append(Samples(np.arange(3), np.full(3, MONDAY + k * MINUTE), np.arange(3) + k))
        assert store.drain(120), store.status()
        assert proxy.spoiled > 0, "nothing was spoiled"
        proxy.fault = Fault.NONE
        found = store.samples(np.arange(3), MONDAY, MONDAY + DAY)
        assert found.values.tolist() == [i + k for i in range(3) for k in range(5)]
        assert store.status()["spool_set_aside"] == 0
        store.close()


@pytest.mark.parametrize("fault", [Fault.HTML_200, Fault.ANSWER_202, Fault.REDIRECT_LOGIN])
def test_a_spoiled_read_is_an_error_and_never_an_empty_panel(victoria, fault):
    with FaultProxy("127.0.0.1", victoria.port) as proxy:
        settings = VictoriaMetricsSettings(url=proxy.url, name="read")
        store = VictoriaMetricsStore(settings)
        store.append(samples((1, 0, 1.0)))
        store.flush()
        proxy.fault, proxy.times = fault, 100
        for read in (store.samples, store.stored):
            with pytest.raises(StoreError):
                read(np.array([1]), MONDAY, MONDAY + DAY)
        with pytest.raises(StoreError):
            store.panel(np.array([1]), MONDAY, MONDAY + DAY, timedelta(hours=1))
        with pytest.raises(StoreError):
            store.latest(np.array([1]))
        assert store.status()["reachable"] is False
        store.close()


def test_a_store_that_is_full_and_takes_nothing_gets_everything_when_it_has_space(tmp_path):
    """Short of space the server becomes read-only: it answers reads, and 503 to writes."""
    why = missing("victoria-metrics")
    if why:
        pytest.skip(f"not run: {why}")
    server = victoria_metrics(tmp_path)
    has_space = list(server.command)
    server.command.append("-storage.minFreeDiskSpaceBytes=1000000000000000")
    server.start()
    settings = VictoriaMetricsSettings(url=server.url, name="full")
    store = SpooledStore(VictoriaMetricsStore(settings), Spool(tmp_path / "s.db", 1 << 30, DAY))
    try:
        store.append(samples((1, 0, 1.0)))
        status = wait_for(lambda: told(store, "read-only mode"))
        assert status["down_since"]
        assert (status["spool_set_aside"], status["spool_dropped"]) == (0, 0)
        store.append(samples((1, MINUTE, 2.0)))
        server.stop()
        server.command[:] = has_space
        server.start()
        assert store.drain(120), store.status()
        found = store.samples(np.array([1]), MONDAY, MONDAY + DAY)
        assert found.values.tolist() == [1, 2]
    finally:
        store.close()
        server.stop()


def test_a_wrong_password_waits_and_is_told_without_the_password(tmp_path):
    server = victoria_metrics(tmp_path, "-httpAuth.username=ada", "-httpAuth.password=right")
    server.start()
    try:
        wrong = VictoriaMetricsSettings(
            url=server.url, name="auth", username="ada", password=Secret("hunter2")
        )
        store = SpooledStore(VictoriaMetricsStore(wrong), Spool(tmp_path / "s.db", 1 << 30, DAY))
        store.append(samples((1, 0, 1.0)))
        status = wait_for(lambda: told(store, "401"))
        assert "hunter2" not in str(status) + repr(wrong)
        assert status["spool_samples"] == 1
        store.close()
        right = VictoriaMetricsSettings(
            url=server.url, name="auth", username="ada", password=Secret("right")
        )
        store = SpooledStore(VictoriaMetricsStore(right), Spool(tmp_path / "s.db", 1 << 30, DAY))
        assert store.drain(120)
        assert store.samples(np.array([1]), MONDAY, MONDAY + DAY).values.tolist() == [1]
        store.close()
    finally:
        server.stop()


def test_half_an_answer_is_an_error(victoria):
    with FaultProxy("127.0.0.1", victoria.port) as proxy:
        settings = VictoriaMetricsSettings(url=proxy.url, name="half")
        store = VictoriaMetricsStore(settings)
        ids = np.repeat(np.arange(200), 20)
        times = MONDAY + np.tile(np.arange(20), 200) * MINUTE
        store.append(Samples(ids, times, np.arange(4000.0)))
        store.flush()
        proxy.fault, proxy.times, proxy.limit_bytes = Fault.LIMIT_DATA, 100, 30_000
        with pytest.raises(StoreError) as caught:
            store.samples(np.arange(200), MONDAY, MONDAY + DAY)
        assert isinstance(caught.value.__cause__, Unreachable)
        store.close()
