"""The spool in front of a real VictoriaMetrics that is killed and started again."""

import itertools
import threading
import time
from datetime import timedelta
from functools import partial

import numpy as np
import pytest

from aiops.domain.panel import Aggregation
from aiops.domain.series import Samples
from aiops.domain.step import DAY, MINUTE, SECOND
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.store.spool import Spool
from aiops.store.spooled import SpooledStore
from aiops.testing.panels import MONDAY
from tests.integration.stores.servers import missing, victoria_metrics
from tests.integration.stores.test_bad_answers import told
from tests.waiting import wait_for

_names = itertools.count()


def opened(url, path, name, seconds=10):
    settings = VictoriaMetricsSettings(url=url, name=name, timeout=timedelta(seconds=seconds))
    return SpooledStore(VictoriaMetricsStore(settings), Spool(path, 1 << 30, 900 * DAY))


def has_sent(store, samples):
    return store.status()["samples_sent"] >= samples


def test_a_store_killed_and_restarted_under_load_loses_and_doubles_nothing(tmp_path):
    why = missing("victoria-metrics")
    if why:
        pytest.skip(f"not run: {why}")
    server = victoria_metrics(tmp_path)
    server.start()
    store = opened(server.url, tmp_path / "spool.db", "drill")
    n_series, sent = 200, []
    stop = threading.Event()

    def load():
        ids = np.arange(n_series)
        for k in itertools.count():
            if stop.is_set():
                return
            batch = Samples(ids, np.full(n_series, MONDAY + k * SECOND), ids + k / 1000)
            store.append(batch)
            sent.append(k)
            time.sleep(0.02)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for batches, down in ((20, 1.0), (30, 0.0), (10, 2.0)):
            enough = store.status()["samples_sent"] + batches * n_series
            wait_for(partial(has_sent, store, enough))
            server.kill()  # the seconds it had only in memory are gone
            time.sleep(down)
            server.start()
    finally:
        stop.set()
        thread.join(120)
    assert store.settle(240), store.status()
    status = store.status()
    store.close()
    reader = VictoriaMetricsStore(VictoriaMetricsSettings(url=server.url, name="drill"))
    found = reader.samples(np.arange(n_series), MONDAY, MONDAY + DAY)
    keys = set(zip(found.ids.tolist(), found.times.tolist(), strict=True))
    wanted = {(i, MONDAY + k * SECOND) for k in sent for i in range(n_series)}
    assert len(wanted - keys) == 0, "lost"
    assert len(found) == len(keys) == len(wanted), "doubled"
    k = (found.times - MONDAY) // SECOND
    np.testing.assert_allclose(found.values, found.ids + k / 1000, rtol=1e-9)
    counted = reader.panel(
        np.arange(n_series), MONDAY, MONDAY + DAY, timedelta(days=1), Aggregation.COUNT
    )
    assert (counted.values == len(sent)).all()
    assert status["spool_dropped"] == status["spool_set_aside"] == 0
    print(f"{len(wanted)} samples, {status['samples_sent_again']} sent again, 0 lost, 0 doubled")
    assert status["samples_sent_again"] > 0, "the kills cost the server nothing: no drill"
    reader.close()
    server.stop()


def test_a_store_that_is_absent_at_first_gets_everything_later(tmp_path):
    why = missing("victoria-metrics")
    if why:
        pytest.skip(f"not run: {why}")
    server = victoria_metrics(tmp_path)
    store = opened(server.url, tmp_path / "spool.db", "absent")
    for k in range(3):
        store.append(Samples(np.array([1, 2]), np.full(2, MONDAY + k * MINUTE), np.ones(2) * k))
    status = wait_for(lambda: told(store, "nothing listens"))
    assert status["spool_samples"] == 6
    store.close()
    store = opened(server.url, tmp_path / "spool.db", "absent")  # the daemon restarts meanwhile
    store.append(Samples(np.array([1]), np.array([MONDAY]), np.array([7.0])))  # a correction
    server.start()
    assert store.drain(120)
    found = store.samples(np.array([1, 2]), MONDAY, MONDAY + DAY)
    assert found.values.tolist() == [7, 1, 2, 0, 1, 2]
    assert store.settle(240)
    found = store.samples(np.array([1, 2]), MONDAY, MONDAY + DAY)
    assert found.values.tolist() == [7, 1, 2, 0, 1, 2]
    store.close()
    server.stop()
