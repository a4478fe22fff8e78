"""A switch and a UPS played by snmpsim's agent, which speaks real SNMP."""

import os
import shutil
import socket
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiops.contracts.errors import Unreachable
from aiops.contracts.secret import Secret
from collectors.snmp import PLUGIN
from collectors.snmp.settings import SnmpSettings
from tests.integration.collect.processes import running
from tests.ports import free_port

_DEADLINE = timedelta(seconds=60)
_SENSOR = "1.3.6.1.2.1.99.1.1.1"
_UPS = "1.3.6.1.2.1.33.1"


def sensors(*rows):
    """Type, scale, precision, value and state of each sensor, and its name."""
    columns = {f"{_SENSOR}.{n}": [] for n in range(1, 6)}
    for row in rows:
        for column, value in zip(columns.values(), row, strict=False):
            column.append(value)
    found = [
        (f"{oid}.{index}", 2, value)
        for oid, values in columns.items()
        for index, value in enumerate(values, 1)
    ]
    names = [(f"1.3.6.1.2.1.47.1.1.1.1.7.{n}", 4, row[5]) for n, row in enumerate(rows, 1)]
    return found + names


_SWITCH = [
    ("1.3.6.1.2.1.1.3.0", 67, 100_000),
    *sensors(
        (8, 9, 1, 425, 1, "CPU"),  # 42.5 degrees
        (10, 9, 0, 5400, 1, "Fan 1"),
        (4, 8, 0, 11_990, 1, "12V"),  # in thousandths
        (8, 9, 0, 0, 2, "Missing"),  # unavailable
        (12, 9, 0, 1, 1, "Truth"),
        (8, 99, 0, 1, 1, "Nonsense"),
        (6, 10, 3, 1200, 1, ""),  # 1.2 kilowatts, without a name
    ),
]
_BATTERY = [
    ("1.3.6.1.2.1.1.3.0", 67, 100_000),
    (f"{_UPS}.2.2.0", 2, 0),
    (f"{_UPS}.2.3.0", 2, 31),
    (f"{_UPS}.2.4.0", 2, 96),
    (f"{_UPS}.2.7.0", 2, 28),
    (f"{_UPS}.4.4.1.5.1", 2, 42),
    (f"{_UPS}.9.7.0", 2, 2),
]


@pytest.fixture(scope="module")
def agent():
    """The target of an agent whose community names the device it plays."""
    program = shutil.which("snmpsimd")
    if program is None:
        pytest.skip("not run: no snmpsimd here (scripts/servers.sh)")
    # not below a directory of pytest's: the agent runs as another user, who cannot enter those
    place = Path(tempfile.mkdtemp(prefix="snmpsim-"))
    (place / "data").mkdir()
    for name, rows in (("switch", _SWITCH), ("ups", _BATTERY)):
        ordered = sorted(rows, key=lambda row: [int(part) for part in row[0].split(".")])
        lines = [f"{oid}|{kind}|{value}\n" for oid, kind, value in ordered]
        (place / "data" / f"{name}.snmprec").write_text("".join(lines))
    (place / "cache").mkdir()
    port = free_port(socket.SOCK_DGRAM)
    command = [program, f"--data-dir={place / 'data'}", f"--cache-dir={place / 'cache'}"]
    command.append(f"--agent-udpv4-endpoint=127.0.0.1:{port}")
    if os.geteuid() == 0:
        for each in (place, *place.rglob("*")):
            shutil.chown(each, "nobody")
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    target = f"127.0.0.1:{port}"

    def ready():
        source = make(target, "ups", timeout_seconds=0.3, retries=0)
        try:
            return bool(source.collect({}, datetime.now(UTC), _DEADLINE))
        except Unreachable:
            return False
        finally:
            source.close()

    with running(command, ready, environment={"HOME": str(place)}):
        yield target
    shutil.rmtree(place, ignore_errors=True)


def make(target, community, **more):
    return PLUGIN.create(SnmpSettings((target,), community=Secret(community), **more))


def collect(target, community):
    source = make(target, community)
    try:
        batch = source.collect({}, datetime.now(UTC), _DEADLINE).batch
        pairs = zip(batch.rows, batch.values, strict=True)
        found = {batch.series[row].text.partition(target)[2]: value for row, value in pairs}
        return found, source.discover()
    finally:
        source.close()


def test_sensors_have_their_scale_and_those_without_a_value_are_absent(agent):
    found, inventory = collect(agent, "switch")
    assert found == {
        " system.uptime": 1000.0,
        "/temperature:CPU hw.temperature": pytest.approx(42.5),
        "/fan:Fan 1 hw.fan.speed": 5400.0,
        "/voltage:12V hw.voltage": pytest.approx(11.99),
        "/power:7 hw.power": pytest.approx(1200.0),
    }
    parents = {asset.key.partition(agent)[2]: asset.parent for asset in inventory.assets}
    assert parents["/fan:Fan 1"] == agent


def test_a_ups_tells_its_battery_and_its_own_ratings_are_the_limits(agent):
    found, inventory = collect(agent, "ups")
    assert found == {
        " system.uptime": 1000.0,
        " hw.battery.charge": pytest.approx(0.96),
        " hw.battery.time_left": 1860.0,
        " hw.battery.time_in_use": 0.0,
        " hw.ups.load{line=1}": pytest.approx(0.42),
        "/temperature:battery hw.temperature": 28.0,
    }
    fails = {limit.metric: limit.fail for limit in inventory.limits}
    assert fails == {"hw.battery.time_left": 120.0, "hw.ups.load": 1.0}
