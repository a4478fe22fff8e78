"""The real boto3 and moto's server."""

import importlib.util
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.asset import Location
from aiops.domain.metric import Direction
from aiops.testing.collector import check_collector
from collectors.cloudwatch import PLUGIN
from collectors.cloudwatch.settings import CloudMetricSettings, CloudwatchSettings
from tests.integration.collect.processes import running
from tests.ports import free_port

_DEADLINE = timedelta(seconds=60)
_NOW = datetime.now(UTC).replace(microsecond=0)
_CPU = CloudMetricSettings(
    "Shop/EC2",
    "CPUUtilization",
    "InstanceId",
    "system.cpu.utilization",
    scale=0.01,
    bad_direction=Direction.UP,
    fail=1.0,
)
_BYTES = CloudMetricSettings(
    "Shop/EC2", "NetworkIn", "InstanceId", "network.in", "Sum", unit="By/s"
)


@pytest.fixture(scope="module")
def server():
    if importlib.util.find_spec("moto") is None:
        pytest.skip("not run: no moto here")
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def ready():
        with suppress(httpx.HTTPError):
            return httpx.get(f"{url}/moto-api/", trust_env=False, timeout=60).status_code == 200
        return False

    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, ready):
        yield url


@pytest.fixture
def cloud(server):
    """A client that writes into an empty cloud."""
    httpx.post(f"{server}/moto-api/reset", trust_env=False, timeout=60)
    client = boto3.client(
        "cloudwatch",
        region_name="eu-central-1",
        endpoint_url=server,
        aws_access_key_id="k",
        aws_secret_access_key="s",
    )
    yield client
    client.close()


def put(client, name, value, at, *dimensions):
    told = [{"Name": key, "Value": text} for key, text in dimensions]
    datum = {"MetricName": name, "Value": value, "Timestamp": at, "Dimensions": told}
    client.put_metric_data(Namespace="Shop/EC2", MetricData=[datum])


def make(url, *metrics, **more):
    told = {"access_key_id": "k", "secret_access_key": Secret("hunter2"), "endpoint": url, **more}
    return PLUGIN.create(CloudwatchSettings("eu-central-1", metrics or (_CPU,), **told))


def collect(source, cursor=None, until=_NOW):
    collection = source.collect(cursor or {}, until, _DEADLINE)
    batch = collection.batch
    rows = zip(batch.rows, batch.times, batch.values, strict=True)
    return [(batch.series[row].text, at // 10**9, value) for row, at, value in rows], collection


def ago(minutes: int) -> datetime:
    """The middle of a five-minute period, so many minutes before the newest that is over."""
    start = int((_NOW - timedelta(minutes=2)).timestamp()) // 300 * 300 - 300
    return datetime.fromtimestamp(start + 60 - minutes * 60, UTC)


def test_periods_that_are_over_are_read_once_and_cost_once(server, cloud):
    put(cloud, "CPUUtilization", 40.0, ago(0), ("InstanceId", "i-1"))
    put(cloud, "CPUUtilization", 60.0, ago(0), ("InstanceId", "i-1"))
    put(cloud, "NetworkIn", 3000.0, ago(0), ("InstanceId", "i-2"))
    source = make(server, _CPU, _BYTES)
    found, collection = collect(source)
    start = int(ago(0).timestamp()) - 60
    assert sorted(found) == [
        ("i-1 system.cpu.utilization", start, pytest.approx(0.5)),
        ("i-2 network.in", start, pytest.approx(10.0)),
    ]
    assets = {asset.key: asset for asset in source.discover().assets}
    assert assets["i-1"].location is Location.CLOUD
    assert source.discover().limits[0].fail == 1.0
    # While no further period is over, nothing is asked: not even a dead server is noticed.
    source.close()
    dead = make(f"http://127.0.0.1:{free_port()}")
    again, same = collect(dead, collection.cursor)
    assert (again, same.cursor) == ([], collection.cursor)
    source.close()


def test_after_a_pause_what_was_missed_is_read(server, cloud):
    for minutes in range(0, 60, 5):
        put(cloud, "CPUUtilization", float(minutes), ago(minutes), ("InstanceId", "i-1"))
    source = make(server)
    cursor = {"to": (ago(25) - timedelta(seconds=60)).isoformat()}
    found, _ = collect(source, cursor)
    assert len(found) == 6
    source.close()


def test_parts_of_a_whole_and_what_has_another_dimension_are_left_out(server, cloud):
    put(cloud, "CPUUtilization", 1.0, ago(0), ("InstanceId", "i-1"))
    put(cloud, "CPUUtilization", 2.0, ago(0), ("InstanceId", "i-2"), ("Cpu", "0"))
    put(cloud, "CPUUtilization", 3.0, ago(0), ("AutoScalingGroupName", "g"))
    source = make(server)
    assert [text for text, _, _ in collect(source)[0]] == ["i-1 system.cpu.utilization"]
    source.close()


def test_more_series_than_are_paid_for_are_refused(server, cloud):
    for number in range(4):
        put(cloud, "CPUUtilization", 1.0, ago(0), ("InstanceId", f"i-{number}"))
    source = make(server, max_metrics=3)
    with pytest.raises(Unreachable) as raised:
        collect(source)
    assert raised.value.kind == "limit"
    assert "costs" in str(raised.value)
    source.close()


def test_more_than_five_hundred_series_take_two_requests(server, cloud):
    for piece in range(0, 510, 500):
        cloud.put_metric_data(
            Namespace="Shop/EC2",
            MetricData=[
                {
                    "MetricName": "CPUUtilization",
                    "Value": float(number),
                    "Timestamp": ago(0),
                    "Dimensions": [{"Name": "InstanceId", "Value": f"i-{number}"}],
                }
                for number in range(piece, min(piece + 500, 510))
            ],
        )
    source = make(server, history=timedelta(minutes=5))
    found, _ = collect(source)
    assert len(found) == 510
    assert {text: value for text, _, value in found}["i-509 system.cpu.utilization"] == 5.09
    source.close()


def test_nothing_there_is_told(server, cloud):
    source = make(server)
    with pytest.raises(Unreachable) as raised:
        collect(source)
    assert raised.value.kind == "empty"
    source.close()


def test_it_keeps_the_contract(server, cloud):
    put(cloud, "CPUUtilization", 40.0, ago(0), ("InstanceId", "i-1"))
    check_collector(
        lambda: make(server),
        now=_NOW,
        dead=lambda: make(f"http://127.0.0.1:{free_port()}"),
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [("AccessDenied", "auth"), ("Throttling", "throttled"), ("InternalFailure", "http")],
)
def test_what_the_cloud_refuses_is_told_by_kind(server, monkeypatch, code, kind):
    source = make(server)

    class Refusing:
        def get_paginator(self, _name):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "ListMetrics")

        def close(self):
            pass

    monkeypatch.setattr(source, "_connect", Refusing)
    with pytest.raises(Unreachable) as raised:
        collect(source)
    assert raised.value.kind == kind
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"region": "Frankfurt"},
        {"period": timedelta(seconds=30)},
        {"period": timedelta(seconds=90)},
        {"metrics": ()},
        {"secret_access_key": None},
        {"endpoint": "http://169.254.169.254/"},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    sound = CloudwatchSettings("eu-central-1", access_key_id="k", secret_access_key=Secret("s"))
    with pytest.raises(ConfigError):
        PLUGIN.create(replace(sound, **wrong))
