"""The installed daemon whose store is away at the start, and comes, and goes, and comes."""

import numpy as np
import pytest

from aiops.ledger.open import open_ledger
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.testing.ledger import NOW
from tests.acceptance.daemon import Daemon
from tests.integration.stores.servers import missing, victoria_metrics
from tests.waiting import wait_for

CONFIG = """
collect:
  sources:
    - name: this-host
      type: host
      interval: 1s
store:
  series: victoriametrics
  settings:
    url: {url}
    name: daemon
server:
  port: 0
"""


@pytest.mark.acceptance
def test_a_daemon_outlives_its_store_and_loses_nothing(tmp_path):
    why = missing("victoria-metrics")
    if why:
        pytest.skip(f"not run: {why}")
    server = victoria_metrics(tmp_path)
    daemon = Daemon(tmp_path, CONFIG.format(url=server.url))
    try:
        daemon.start()
        store = wait_for(lambda: down(daemon))
        assert "nothing listens" in store["error"]
        assert store["down_seconds"] >= 0
        assert (store["engine"], store["url"]) == ("victoriametrics", server.url)
        since = store["down_since"]
        with daemon.client() as client:
            page = client.get("/", params={"lang": "en"}).text
        assert f"(victoriametrics) has been away since {since[:10]}" in page
        wait_for(lambda: daemon.get("/api/v1/status")["store"]["spool_samples"] > 30)
        server.start()
        wait_for(lambda: daemon.get("/api/v1/status")["store"]["reachable"])
        wait_for(lambda: daemon.get("/api/v1/status")["store"]["samples_confirmed"] > 0)
        server.kill()
        wait_for(lambda: down(daemon))
        server.start()
        wait_for(lambda: daemon.get("/api/v1/status")["store"]["reachable"])
        taken = sum(each["samples"] for each in daemon.get("/api/v1/status")["sources"])
        wait_for(lambda: daemon.get("/api/v1/status")["state"] == "ready")
        assert daemon.stop() == 0
        daemon.start()  # what still waited is sent by the next one
        wait_for(lambda: daemon.get("/api/v1/status")["store"]["samples_confirmed"] > 0)
        assert daemon.stop() == 0
        found = stored(server, tmp_path)
        assert len(found) >= taken > 0
        keys = set(zip(found.ids.tolist(), found.times.tolist(), strict=True))
        assert len(keys) == len(found)
    finally:
        daemon.kill()
        server.stop()


def down(daemon):
    store = daemon.get("/api/v1/status")["store"]
    return store if store["reachable"] is False else None


def stored(server, directory):
    ledger = open_ledger(f"sqlite:///{directory / 'data' / 'ledger.db'}", NOW)
    reader = VictoriaMetricsStore(VictoriaMetricsSettings(url=server.url, name="daemon"))
    ids = np.array([info.id for info in ledger.catalogue.all()])
    found = reader.samples(ids, 0, 1 << 62)
    reader.close()
    ledger.close()
    return found
