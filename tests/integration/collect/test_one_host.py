"""One host, seen by three real sources: an agent of SNMP, an exposition, a cloud."""

import os
import shutil
import socket
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import httpx
import pytest

from aiops.collect.sights import Sights
from aiops.contracts.errors import Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.asset import SYSTEM, Edge
from aiops.domain.identity import IdentityKind, Link
from aiops.ledger.open import open_ledger
from collectors.cloudwatch import PLUGIN as CLOUDWATCH
from collectors.cloudwatch.settings import CloudMetricSettings, CloudwatchSettings
from collectors.prometheus import PLUGIN as PROMETHEUS
from collectors.prometheus.settings import PrometheusSettings
from collectors.snmp import PLUGIN as SNMP
from collectors.snmp.settings import SnmpSettings
from tests.integration.collect.processes import running
from tests.integration.collect.serving import serve
from tests.ports import free_port

_DEADLINE = timedelta(seconds=60)
_INSTANCE = "i-0123456789abcdef0"
_LLDP = "1.0.8802.1.1.2.1"
_HOST = [
    ("1.3.6.1.2.1.1.3.0", "67", 100_000),
    ("1.3.6.1.2.1.1.5.0", "4", "db-07.example.com"),
    ("1.3.6.1.2.1.1.7.0", "2", 72),
    ("1.3.6.1.2.1.2.2.1.2.2", "4", "eth0"),
    ("1.3.6.1.2.1.2.2.1.3.2", "2", 6),
    ("1.3.6.1.2.1.2.2.1.6.2", "4x", "001b21aabb01"),
    ("1.3.6.1.2.1.2.2.1.10.2", "65", 5),
    ("1.3.6.1.2.1.4.20.1.1.10.0.0.7", "64", "10.0.0.7"),
    ("1.3.6.1.2.1.4.20.1.1.127.0.0.1", "64", "127.0.0.1"),
    ("1.3.6.1.2.1.4.22.1.2.2.10.0.0.1", "4x", "001b21000001"),
    (f"{_LLDP}.4.1.1.4.0.2.1", "2", 4),
    (f"{_LLDP}.4.1.1.5.0.2.1", "4x", "001b21000001"),
    (f"{_LLDP}.4.1.1.12.0.2.1", "4x", "2800"),
]
_ROUTER = [
    ("1.3.6.1.2.1.1.3.0", "67", 100_000),
    ("1.3.6.1.2.1.1.5.0", "4", "core-1"),
    ("1.3.6.1.2.1.1.7.0", "2", 78),
    ("1.3.6.1.2.1.2.2.1.6.1", "4x", "001b21000001"),
    ("1.3.6.1.2.1.4.22.1.2.1.10.0.0.7", "4x", "001b21aabb01"),
    ("1.3.6.1.2.1.47.1.1.1.1.5.1", "2", 3),
    ("1.3.6.1.2.1.47.1.1.1.1.11.1", "4", "FOC1234X567"),
    (f"{_LLDP}.3.1.0", "2", 4),
    (f"{_LLDP}.3.2.0", "4x", "001b21000001"),
]
_METRICS = f"""\
# TYPE node_uname_info gauge
node_uname_info{{nodename="db-07"}} 1
# TYPE node_dmi_info gauge
node_dmi_info{{board_asset_tag="{_INSTANCE}",product_serial="Not Specified"}} 1
# TYPE node_network_info gauge
node_network_info{{address="00:1b:21:aa:bb:01",device="eth0"}} 1
node_network_info{{address="02:42:ac:11:00:01",device="docker0"}} 1
# TYPE node_load1 gauge
node_load1 0.5
"""


@pytest.fixture(scope="module")
def agent():
    """The target of an agent that plays a host and a router."""
    program = shutil.which("snmpsimd")
    if program is None:
        pytest.skip("not run: no snmpsimd here (scripts/servers.sh)")
    place = Path(tempfile.mkdtemp(prefix="snmpsim-"))
    (place / "data").mkdir()
    for name, rows in (("host", _HOST), ("router", _ROUTER)):
        ordered = sorted(rows, key=lambda row: [int(part) for part in row[0].split(".")])
        lines = [f"{oid}|{kind}|{value}\n" for oid, kind, value in ordered]
        (place / "data" / f"{name}.snmprec").write_text("".join(lines))
    port = free_port(socket.SOCK_DGRAM)
    command = [program, f"--data-dir={place / 'data'}", f"--cache-dir={place / 'cache'}"]
    command.append(f"--agent-udpv4-endpoint=127.0.0.1:{port}")
    (place / "cache").mkdir()
    if os.geteuid() == 0:
        for each in (place, *place.rglob("*")):
            shutil.chown(each, "nobody")
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]

    def ready():
        with suppress(Unreachable):
            return bool(collected(f"127.0.0.1:{port}", "host"))
        return False

    with running(command, ready, environment={"HOME": str(place)}):
        yield f"127.0.0.1:{port}"
    shutil.rmtree(place, ignore_errors=True)


def collected(target, community):
    source = SNMP.create(SnmpSettings((target,), community=Secret(community)))
    try:
        batch = source.collect({}, datetime.now(UTC), _DEADLINE).batch
        again = source.discover()
        source.collect({}, datetime.now(UTC), _DEADLINE)
        assert source.discover().links == again.links, "neighbours are asked for once an hour"
        return batch, source.discover()
    finally:
        source.close()


def cloud(url):
    client = boto3.client(
        "cloudwatch",
        region_name="eu-central-1",
        endpoint_url=url,
        aws_access_key_id="k",
        aws_secret_access_key="s",
    )
    now = datetime.now(UTC)
    told = [{"Name": "InstanceId", "Value": _INSTANCE}]
    datum = {
        "MetricName": "CPUUtilization",
        "Value": 40.0,
        "Timestamp": now - timedelta(minutes=6),
        "Dimensions": told,
    }
    client.put_metric_data(Namespace="AWS/EC2", MetricData=[datum])
    client.close()
    metric = CloudMetricSettings("AWS/EC2", "CPUUtilization", "InstanceId", "cpu")
    source = CLOUDWATCH.create(
        CloudwatchSettings(
            region="eu-central-1",
            metrics=(metric,),
            access_key_id="k",
            secret_access_key=Secret("s"),
            endpoint=url,
            period=timedelta(minutes=1),
        )
    )
    try:
        return source.collect({}, now, _DEADLINE).batch, source.discover()
    finally:
        source.close()


@pytest.fixture
def moto():
    pytest.importorskip("moto", reason="not run: no moto here")
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def ready():
        with suppress(httpx.HTTPError):
            return httpx.get(f"{url}/moto-api/", trust_env=False).status_code == 200
        return False

    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, ready):
        yield url


def test_snmp_prometheus_and_cloudwatch_see_one_asset(agent, moto):
    now = datetime.now(UTC)
    ledger = open_ledger("sqlite://", now)
    try:
        sights = Sights(ledger)
        with serve(_METRICS.encode(), {"Content-Type": "text/plain"}) as url:
            source = PROMETHEUS.create(PrometheusSettings(url, asset="db-07"))
            exposed = source.collect({}, now, _DEADLINE).batch, source.discover()
        found = {}
        told = {
            "node": exposed,
            "snmp": collected(agent, "host"),
            "cloudwatch": cloud(moto),
            "routers": collected(agent, "router"),
        }
        for name, (batch, inventory) in told.items():
            placed, joined = sights.place(name, batch, inventory, now)
            ledger.put_inventory(name, joined, now)
            found[name] = {key.asset.partition("/")[0] for key in placed.series}
        assert found == {
            "node": {"db-07"},
            "snmp": {"db-07"},
            "cloudwatch": {"db-07"},
            "routers": {agent},
        }
        assert {each.source for each in ledger.sightings("db-07")} == {"node", "snmp", "cloudwatch"}
        assert [a.key for a in ledger.assets(SYSTEM) if not a.parent] == sorted([agent, "db-07"])
        # what the host and the router said of each other, once both are known
        sights.place("snmp", *told["snmp"], now)
        joined = sights.place("snmp", *told["snmp"], now)[1]
        assert joined.edges == (Edge("db-07", agent),)
        joined = sights.place("routers", *told["routers"], now)[1]
        assert joined.edges == (Edge("db-07", agent),)
    finally:
        ledger.close()


def test_lldp_tells_what_the_host_hangs_on_and_arp_what_the_router_serves(agent):
    _, host = collected(agent, "host")
    _, router = collected(agent, "router")
    assert host.links == (Link(agent, IdentityKind.MAC, "001b21000001"),)
    assert router.links == (Link(agent, IdentityKind.MAC, "001b21aabb01", below=True),)
    known = {(each.kind, each.value) for each in host.identities}
    assert known == {
        (IdentityKind.MAC, "001b21aabb01"),
        (IdentityKind.NAME, "db-07.example.com"),
        (IdentityKind.ADDRESS, "10.0.0.7"),
    }
    assert (IdentityKind.SERIAL, "foc1234x567") in {(i.kind, i.value) for i in router.identities}
