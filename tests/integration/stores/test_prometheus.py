"""History out of a real Prometheus, filled by its own tool."""

import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from aiops.contracts.errors import StoreError
from aiops.domain.step import DAY, MINUTE, SECOND
from aiops.store.catalogue import MemoryCatalogue
from aiops.store.remote.prometheus import PrometheusHistory
from aiops.store.remote.settings import PrometheusSettings
from aiops.testing.series_store import samples
from tests.integration.stores.servers import missing, prometheus

AIOPS = Path(sys.executable).with_name("aiops")
BEGIN = (int(time.time()) // 86400 - 3) * DAY
CELLS = 300


def exposition():
    lines = ["# TYPE node_load1 gauge"]
    for k in range(CELLS):
        at = BEGIN // SECOND + k * 60
        lines += [
            f'node_load1{{instance="db+{i}:9100",job="node"}} {i + k / 10} {at}' for i in range(3)
        ]
    lines.append("# TYPE requests counter")
    for k in range(CELLS):
        at = BEGIN // SECOND + k * 60
        lines.append(f'requests_total{{instance="db+0:9100",job="node",code="200"}} {k * 30} {at}')
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    why = missing("prometheus") or missing("promtool")
    if why:
        pytest.skip(f"not run: {why}")
    directory = tmp_path_factory.mktemp("prometheus")
    (directory / "history.om").write_text(exposition())
    subprocess.run(
        [
            shutil.which("promtool"),
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            "history.om",
            "prom",
        ],
        cwd=directory,
        check=True,
        capture_output=True,
    )
    server = prometheus(directory, "scrape_configs: []\n")
    server.start()
    yield server
    server.stop()


def test_its_samples_are_read_as_panels_rates_and_ends(server):
    store = PrometheusHistory(PrometheusSettings(url=server.url))
    known = store.known_series()
    assert [key.text for key, _ in known] == [
        "db+0:9100 node_load1",
        "db+0:9100 requests_total{code=200}",
        "db+1:9100 node_load1",
        "db+2:9100 node_load1",
    ]
    assert [counter for _, counter in known] == [False, True, False, False]
    catalogue = MemoryCatalogue()
    ids = catalogue.ids(tuple(key for key, _ in known), MINUTE)
    store.name_series(catalogue.info)
    end = BEGIN + CELLS * MINUTE
    counters = np.array([False, True, False, False])
    panel = store.panel(ids, BEGIN, end, timedelta(minutes=1), counters=counters)
    k = np.arange(CELLS)
    for row, host in ((0, 0), (2, 1), (3, 2)):
        np.testing.assert_allclose(panel.values[row], host + k / 10)
    np.testing.assert_allclose(panel.values[1, 1:], 0.5)
    half_open = store.samples(ids[:1], BEGIN + MINUTE, BEGIN + 3 * MINUTE)
    assert ((half_open.times - BEGIN) // MINUTE).tolist() == [1, 2]
    times, values = store.latest(ids)
    assert (times == end - MINUTE).all()
    assert values[0] == pytest.approx((CELLS - 1) / 10)
    assert (store.earliest(ids) == BEGIN).all()
    with pytest.raises(StoreError, match="only read"):
        store.append(samples((0, 0, 1.0)))
    store.close()


def test_its_history_is_taken_over_by_the_embedded_store(server, tmp_path):
    old = f"store:\n  directory: old\n  series: prometheus\n  settings: {{url: {server.url}}}\n"
    (tmp_path / "old.yaml").write_text(old)
    (tmp_path / "new.yaml").write_text("store: {directory: new}\n")
    done = subprocess.run(
        [AIOPS, "store", "copy", "old.yaml", "new.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"copied and verified: {4 * CELLS} samples of 4 series" in done.stdout


def test_a_page_or_a_wrong_server_is_told_as_such(victoria):
    store = PrometheusHistory(PrometheusSettings(url=f"{victoria.url}/vmui"))
    assert store.status()["reachable"] is False
    store.close()
