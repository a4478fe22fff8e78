"""A real Prometheus node exporter as a source."""

import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from aiops.testing.collector import check_collector
from collectors.host.readings import Mount, read_volume
from collectors.prometheus import PLUGIN
from tests.integration.collect.processes import answers
from tests.ports import free_port
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=60)
_UTILIZATION = "system.filesystem.utilization"
_NAMES = ("prometheus-node-exporter", "node_exporter")


@pytest.fixture(scope="module")
def exporter():
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("not run: no node exporter here (apt-get install prometheus-node-exporter)")
    port = free_port()
    process = subprocess.Popen(
        [program, f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/metrics"
    try:
        wait_for(lambda: answers(port), every=0.05)
        yield url
    finally:
        process.kill()
        process.wait()


def _collect(collector):
    collection = collector.collect({}, datetime.now(UTC), _DEADLINE)
    batch = collection.batch
    rows = zip(batch.rows.tolist(), batch.values.tolist(), strict=True)
    return collection, {batch.series[row]: value for row, value in rows}


def _shares(collector):
    """What df says of each volume that is there."""
    found = {}
    for asset in collector.discover().assets:
        if asset.kind == "volume":
            point = asset.key.removeprefix("node/volume:")
            with suppress(OSError):
                direct = {metric: value for _, metric, _, value in read_volume(Mount("it", point))}
                found[asset.key] = direct[_UTILIZATION]
    return found


def test_its_volumes_are_assets_whose_utilization_is_that_of_df(exporter):
    collector = PLUGIN.create(PLUGIN.settings(url=exporter, asset="node"))
    _collect(collector)
    before = _shares(collector)
    collection, values = _collect(collector)
    inventory = collector.discover()
    after = _shares(collector)
    volumes = [asset for asset in inventory.assets if asset.kind == "volume"]
    assert before.keys() & after.keys()
    assert not collection.dropped
    limits = {(limit.asset, limit.metric): limit for limit in inventory.limits}
    for volume in volumes:
        assert volume.parent == "node"
        if volume.key not in before or volume.key not in after:
            continue  # mounted or taken away by somebody just now
        own = {key.metric: value for key, value in values.items() if key.asset == volume.key}
        low, high = sorted((before[volume.key], after[volume.key]))  # others write meanwhile
        assert low - 0.01 <= own[_UTILIZATION] <= high + 0.01
        assert limits[volume.key, _UTILIZATION].fail == 1.0


def test_the_host_has_its_memory_and_from_the_second_scrape_its_cpu(exporter):
    collector = PLUGIN.create(PLUGIN.settings(url=exporter, asset="node"))
    _collect(collector)

    def own_with_cpu():  # once its counters, of hundredths of a second, have moved
        _, values = _collect(collector)
        own = {key.metric: value for key, value in values.items() if key.asset == "node"}
        return own if "system.cpu.utilization" in own else None

    own = wait_for(own_with_cpu)
    assert 0 < own["system.memory.utilization"] < 1
    assert 0 <= own["system.cpu.utilization"] <= 1


def test_without_its_mapping_everything_keeps_its_own_name(exporter):
    collector = PLUGIN.create(PLUGIN.settings(url=exporter, asset="node", mapping="none"))
    _, values = _collect(collector)
    names = {key.metric for key in values}
    assert "node_load1" in names
    assert not {name for name in names if name.startswith("system.")}
    kinds = {metric.name: metric.kind.value for metric in collector.discover().metrics}
    assert kinds["node_cpu_seconds_total"] == "counter"
    assert kinds["node_load1"] == "gauge"


def test_it_keeps_the_contract(exporter):
    check_collector(lambda: PLUGIN.create(PLUGIN.settings(url=exporter)))
