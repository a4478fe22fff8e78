"""The host collector, apart from what only a real host shows."""

from datetime import UTC, datetime, timedelta

import psutil
import pytest

from aiops.contracts.errors import Unreachable
from collectors.host import PLUGIN, readings

_NOW = datetime(2026, 1, 5, tzinfo=UTC)
_DEADLINE = timedelta(seconds=5)


def _collect(collector, seconds=0):
    return collector.collect({}, _NOW + timedelta(seconds=seconds), _DEADLINE)


def test_a_part_that_cannot_be_read_costs_no_other(monkeypatch):
    def denied(*args, **options):
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "virtual_memory", denied)
    collection = _collect(PLUGIN.create(PLUGIN.settings(asset="h")))
    names = {collection.batch.series[row].metric for row in collection.batch.rows}
    assert dict(collection.dropped) == {"read_failed": 1}
    assert "system.memory.utilization" not in names
    assert "system.cpu.load_average.1m" in names


def test_a_host_of_which_nothing_can_be_read_is_unreachable(monkeypatch):
    def denied(*args, **options):
        raise OSError("no /proc here")

    for module, name in (
        (psutil, "virtual_memory"),
        (psutil, "cpu_times"),
        (psutil, "disk_io_counters"),
        (psutil, "net_io_counters"),
        (readings.os, "getloadavg"),
        (readings.os, "statvfs"),
    ):
        monkeypatch.setattr(module, name, denied)
    with pytest.raises(Unreachable, match="permissions"):
        _collect(PLUGIN.create(PLUGIN.settings(asset="h", sensors=False)))


def test_cpu_utilization_needs_two_readings_and_is_their_difference(monkeypatch):
    busy = iter([(10.0, 100.0), (13.0, 110.0), (13.0, 110.0)])
    monkeypatch.setattr("collectors.host.collector.read_cpu_times", lambda: next(busy))
    collector = PLUGIN.create(PLUGIN.settings(asset="h"))
    found = []
    for _ in range(3):
        batch = _collect(collector).batch
        found.append(
            [
                value
                for row, value in zip(batch.rows, batch.values, strict=True)
                if batch.series[row].metric == "system.cpu.utilization"
            ]
        )
    assert found == [[], [pytest.approx(0.3)], []]  # no value is invented


def test_a_sensor_brings_the_limit_its_chip_names(monkeypatch):
    class Reading:
        label, current, high, critical = "Core 0", 51.0, 80.0, 100.0

    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: {"coretemp": [Reading]})
    collector = PLUGIN.create(PLUGIN.settings(asset="h"))
    _collect(collector)
    (limit,) = [one for one in collector.discover().limits if one.metric == "hw.temperature"]
    assert (limit.asset, limit.fail, limit.warn) == ("h/sensor:coretemp/Core 0", 100.0, 80.0)
    parents = {asset.key: asset.parent for asset in collector.discover().assets}
    assert parents[limit.asset] == "h"
