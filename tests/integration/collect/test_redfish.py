"""OpenStack's emulator of a controller, and resources as DMTF's schemas show them."""

import importlib.util
import sys
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import orjson
import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.metric import Direction
from aiops.testing.collector import check_collector
from collectors.redfish import PLUGIN
from collectors.redfish.resources import METRICS
from collectors.redfish.settings import RedfishSettings
from tests.contract.collect.test_collectors import _table
from tests.integration.collect.processes import running
from tests.ports import free_port

_DEADLINE = timedelta(seconds=60)
_SYSTEMS = """
SUSHY_EMULATOR_FAKE_DRIVER = True
SUSHY_EMULATOR_FAKE_SYSTEMS = [{
    'uuid': '11111111-1111-1111-1111-111111111111', 'name': 'fake1', 'power_state': 'Off',
    'nics': [{'mac': '00:5c:52:31:3a:9c', 'ip': '192.0.2.1'}],
}]
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    if importlib.util.find_spec("sushy_tools") is None:
        pytest.skip("not run: no sushy-tools here")
    place = tmp_path_factory.mktemp("redfish")
    (place / "sushy.conf").write_text(_SYSTEMS)
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def ready():
        with suppress(httpx.HTTPError):
            return httpx.get(f"{url}/redfish/v1/", trust_env=False, timeout=60).status_code == 200
        return False

    module = "sushy_tools.emulator.main"
    command = [sys.executable, "-m", module, "--fake", "--config", "sushy.conf"]
    with running([*command, "-i", "127.0.0.1", "-p", str(port)], ready, cwd=place):
        yield url


@contextmanager
def serving(resources, required=None):
    """A controller that has these resources; anything else is 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            told = resources.get(self.path)
            status = 200 if told is not None else 404
            if required and self.headers.get("Authorization") != required:
                status = 401
            body = told if isinstance(told, bytes) else orjson.dumps(told)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def collect(url, **told):
    source = PLUGIN.create(RedfishSettings(url, **{"asset": "web-1", **told}))
    collection = source.collect({}, datetime.now(UTC), _DEADLINE)
    batch = collection.batch
    pairs = zip(batch.rows, batch.values, strict=True)
    found = {batch.series[row].text: value for row, value in pairs}
    return found, dict(collection.dropped), source.discover()


def link(path):
    return {"@odata.id": path}


def members(*paths):
    return {"Members": [link(path) for path in paths]}


ROOT = {"Chassis": link("/redfish/v1/Chassis"), "Systems": link("/redfish/v1/Systems")}
OK = {"State": "Enabled", "Health": "OK"}
WORLD = {
    "/redfish/v1/": ROOT,
    "/redfish/v1/Chassis": members("/redfish/v1/Chassis/1"),
    "/redfish/v1/Systems": members("/redfish/v1/Systems/1"),
    "/redfish/v1/Chassis/1": {
        "@odata.type": "#Chassis.v1_5_0.Chassis",
        "Id": "1",
        "Status": {"State": "Enabled", "Health": "Warning"},
        "Power": link("/redfish/v1/Chassis/1/Power"),
        "Thermal": link("/redfish/v1/Chassis/1/Thermal"),
    },
    "/redfish/v1/Chassis/1/Thermal": {
        "Temperatures": [
            {"Name": "Inlet", "ReadingCelsius": 25, "UpperThresholdCritical": 45, "Status": OK},
            {"Name": "Empty slot", "ReadingCelsius": 0, "Status": {"State": "Absent"}},
            {"Name": "No value", "ReadingCelsius": None, "Status": OK},
            {"Name": "Text", "ReadingCelsius": "25", "Status": OK},
            "nonsense",
        ],
        "Fans": [
            {"Name": "Fan 1", "Reading": 3000, "ReadingUnits": "RPM", "LowerThresholdFatal": 500},
            {"Name": "Fan 2", "Reading": 40, "ReadingUnits": "Percent"},
        ],
    },
    "/redfish/v1/Chassis/1/Power": {
        "PowerControl": [{"Name": "Server", "PowerConsumedWatts": 344, "PowerCapacityWatts": 800}],
        "PowerSupplies": [{"Name": "PS1", "LastPowerOutputWatts": 325, "Status": OK}],
        "Voltages": [{"Name": "12V", "ReadingVolts": 12.1, "LowerThresholdCritical": 11}],
    },
    "/redfish/v1/Systems/1": {
        "@odata.type": "#ComputerSystem.v1_13_0.ComputerSystem",
        "Status": OK,
        "Storage": link("/redfish/v1/Systems/1/Storage"),
    },
    "/redfish/v1/Systems/1/Storage": members("/redfish/v1/Systems/1/Storage/1"),
    "/redfish/v1/Systems/1/Storage/1": {
        "Drives": [link("/redfish/v1/d/1"), link("/redfish/v1/d/2"), link("//evil.example/")]
    },
    "/redfish/v1/d/1": {
        "@odata.type": "#Drive.v1_4_0.Drive",
        "SerialNumber": "S1",
        "Status": {"State": "Enabled", "Health": "Critical"},
        "PredictedMediaLifeLeftPercent": 83,
        "FailurePredicted": True,
    },
}
SENSORS = {
    "/redfish/v1/": {"Chassis": link("/redfish/v1/Chassis")},
    "/redfish/v1/Chassis": members("/redfish/v1/Chassis/a", "/redfish/v1/Chassis/b"),
    "/redfish/v1/Chassis/a": {"Id": "a", "Sensors": link("/redfish/v1/s")},
    "/redfish/v1/Chassis/b": {"Id": "b", "Status": OK},
    "/redfish/v1/s": members("/redfish/v1/s/1", "/redfish/v1/s/2", "/redfish/v1/s/3"),
    "/redfish/v1/s/1": {
        "Name": "CPU",
        "ReadingType": "Temperature",
        "Reading": 44.5,
        "ReadingUnits": "Cel",
        "Thresholds": {"UpperCritical": {"Reading": 90}, "UpperCaution": {"Reading": 80}},
    },
    "/redfish/v1/s/2": {"Name": "Humidity", "ReadingType": "Humidity", "Reading": 40},
    "/redfish/v1/s/3": {"Name": "X", "ReadingType": "Power", "Reading": None},
}


def test_the_emulator_tells_health_temperatures_and_thresholds(emulator):
    found, dropped, inventory = collect(emulator)
    assert found["web-1/temperature:CPU Temp hw.temperature"] == 41.0
    assert found["web-1 hw.health{hw.type=Chassis}"] == 1.0
    assert found["web-1 hw.health{hw.type=ComputerSystem}"] == 1.0
    limits = {limit.asset: limit for limit in inventory.limits}
    cpu = limits["web-1/temperature:CPU Temp"]
    assert (cpu.direction, cpu.fail, cpu.warn) == (Direction.UP, 45.0, 42.0)
    assert dropped.keys() <= {"http"}  # its storage, which the fake driver has not


def test_the_emulator_keeps_the_contract(emulator):
    check_collector(
        lambda: PLUGIN.create(RedfishSettings(emulator)),
        dead=lambda: PLUGIN.create(RedfishSettings("http://127.0.0.1:9")),
    )


def test_power_fans_and_drives_as_the_schemas_show_them():
    with serving(WORLD) as url:
        found, dropped, inventory = collect(url)
    assert found == {
        "web-1 hw.health{hw.type=Chassis}": 0.5,
        "web-1 hw.health{hw.type=ComputerSystem}": 1.0,
        "web-1/temperature:Inlet hw.temperature": 25.0,
        "web-1/fan:Fan 1 hw.fan.speed": 3000.0,
        "web-1/power:Server hw.power": 344.0,
        "web-1/power:PS1 hw.power": 325.0,
        "web-1/voltage:12V hw.voltage": 12.1,
        "web-1/disk:S1 hw.health{hw.type=Drive}": 0.0,
        "web-1/disk:S1 hw.physical_disk.life_left": 0.83,
        "web-1/disk:S1 hw.physical_disk.failure_predicted": 1.0,
    }
    assert dropped == {"http": 1, "format": 1}  # the drive that is not there, the foreign link
    fails = {(limit.asset, limit.metric): limit.fail for limit in inventory.limits}
    assert fails["web-1/power:Server", "hw.power"] == 800
    assert fails["web-1/fan:Fan 1", "hw.fan.speed"] == 500
    assert fails["web-1/voltage:12V", "hw.voltage"] == 11


def test_sensors_of_newer_controllers_and_several_chassis():
    with serving(SENSORS) as url:
        found, dropped, inventory = collect(url)
    assert found == {
        "web-1/chassis:a/temperature:CPU hw.temperature": 44.5,
        "web-1/chassis:b hw.health": 1.0,
    }
    assert not dropped
    parents = {asset.key: asset.parent for asset in inventory.assets}
    assert parents["web-1/chassis:a/temperature:CPU"] == "web-1/chassis:a"
    assert parents["web-1/chassis:a"] == "web-1"


def test_an_account_that_is_wrong_is_told_without_its_password():
    with serving(WORLD, required="Basic cmVhZGVyOmh1bnRlcjI=") as url:
        assert collect(url, username="reader", password=Secret("hunter2"))[0]
        with pytest.raises(Unreachable) as raised:
            collect(url, username="reader", password=Secret("s3cret"))
    assert raised.value.kind == "auth"
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("world", "kind"),
    [
        ({"/redfish/v1/": b"<html>log in</html>"}, "format"),
        ({"/redfish/v1/": [1]}, "format"),
        ({"/redfish/v1/": {"a": 1}}, "format"),
        ({"/redfish/v1/": ROOT}, "http"),
        ({"/redfish/v1/": ROOT, "/redfish/v1/Chassis": {"Members": 3}}, "http"),
        ({"/redfish/v1/": {"Chassis": 3}}, "empty"),
        ({}, "http"),
    ],
)
def test_what_is_no_controller_is_told(world, kind):
    with serving(world) as url, pytest.raises(Unreachable) as raised:
        collect(url)
    assert raised.value.kind == kind


def test_no_more_is_asked_than_allowed():
    with serving(WORLD) as url:
        found, dropped, _ = collect(url, max_requests=4)
    assert found
    assert dropped["limit"] > 0


def test_the_table_names_every_metric():
    told = [(row["metric"], row["unit"], row["bad_direction"]) for row in _table("redfish")]
    assert told == [(one.name, one.unit, one.bad_direction) for one in METRICS]


@pytest.mark.parametrize("url", ["bmc", "http://169.254.169.254", "http://me:pw@bmc"])
def test_addresses_that_are_never_read_are_refused(url):
    with pytest.raises(ConfigError):
        PLUGIN.create(RedfishSettings(url))
