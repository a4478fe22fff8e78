"""The InfluxDB store against a server in memory that answers as the real one does."""

import itertools
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest

from aiops.contracts.errors import ConfigError, Refused, StoreError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.instant import from_ns
from aiops.domain.step import DAY, HOUR, MINUTE
from aiops.store.remote.influx import InfluxStore
from aiops.store.remote.settings import InfluxSettings
from aiops.testing.fault_proxy import Fault, FaultProxy
from aiops.testing.panels import MONDAY
from aiops.testing.series_store import check_series_store, samples
from tests.unit.store_remote.influx_server import FakeInflux

_names = itertools.count()


@pytest.fixture(scope="module")
def shared():
    server = FakeInflux()
    yield server
    server.close()


@pytest.fixture
def server(shared):
    shared.fault, shared.version = None, "v2.7.11"
    shared.requests.clear()
    return shared


def store_of(server, **changes):
    settings = {
        "url": server.url,
        "org": "team",
        "token": Secret("right"),
        "name": f"n{next(_names)}",
    }
    return InfluxStore(InfluxSettings(**{**settings, **changes}))


def test_it_keeps_the_contract_of_series_stores(server):
    with FaultProxy("127.0.0.1", int(server.url.rpartition(":")[2])) as proxy:

        @contextmanager
        def outage():
            proxy.spoil(Fault.REFUSE)
            yield
            proxy.spoil(Fault.NONE)

        check_series_store(lambda: store_of(server, name="contract", url=proxy.url), outage=outage)


def test_what_retention_hides_is_not_asked_for(server):
    store = store_of(server)
    store.append(samples((1, -90 * DAY, 1.0), (1, -10 * DAY, 2.0), (2, -40 * DAY, 3.0)))
    ids = np.array([1, 2])
    assert (store.earliest(ids) - MONDAY).tolist() == [-90 * DAY, -40 * DAY]
    store.keep_from(from_ns(MONDAY - 20 * DAY + HOUR))
    assert (store.earliest(ids) - MONDAY).tolist() == [-10 * DAY, -MONDAY]
    assert (store.latest(ids)[0] - MONDAY).tolist() == [-10 * DAY, -MONDAY]
    assert store.samples(ids, 0, MONDAY).values.tolist() == [2]
    store.close()


def test_writes_are_compressed_and_carry_the_token_and_the_precision(server):
    store = store_of(server)
    store.append(samples((1, 0, 1.0)))
    method, path, headers = server.requests[-1]
    assert (method, headers["Authorization"]) == ("POST", "Token right")
    assert "precision=ms" in path
    assert headers["Content-Encoding"] == "gzip"
    store.close()


@pytest.mark.parametrize(
    ("version", "says"),
    [("1.8.10", "is InfluxDB 1.8.10"), (None, "no InfluxDB"), ("3.1.0", "is InfluxDB 3.1.0")],
)
def test_a_server_of_another_version_is_refused_with_what_to_do(server, version, says):
    server.version = version
    server.fault = ("/api/v2/buckets", 404, "text/plain", b"404 page not found", {})
    store = store_of(server)
    for use in (
        lambda: store.append(samples((1, 0, 1.0))),
        lambda: store.samples(np.array([1]), MONDAY, MONDAY + HOUR),
    ):
        with pytest.raises(StoreError, match=says) as caught:
            use()
        assert isinstance(caught.value.__cause__, Unreachable)
    assert store.status()["reachable"] is False
    store.close()


def test_influxdb_cloud_which_tells_no_version_is_known_by_its_buckets(server):
    server.version = None
    store = store_of(server)
    store.append(samples((1, 0, 1.0)))
    assert store.samples(np.array([1]), MONDAY, MONDAY + DAY).values.tolist() == [1]
    assert store.status()["version"] == "Cloud"
    store.close()
    wrong = store_of(server, token=Secret("wrong"))
    with pytest.raises(StoreError, match="401"):
        wrong.append(samples((1, 0, 1.0)))
    wrong.close()


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (("/write", 401, "application/json", b"{}", {}), Unreachable),
        (("/write", 404, "application/json", b'{"message":"bucket not found"}', {}), Unreachable),
        (("/write", 200, "text/html", b"<html>Please sign in</html>", {}), Unreachable),
        (("/write", 202, "application/json", b"{}", {}), Unreachable),
        (("/write", 302, "text/html", b"", {"Location": "http://127.0.0.1:9/login"}), Unreachable),
        (("/write", 429, "application/json", b"{}", {"Retry_After": "7"}), Unreachable),
        (("/write", 503, "text/plain", b"full", {}), Unreachable),
        (("/write", 400, "application/json", b'{"message":"field type conflict"}', {}), Refused),
        (("/write", 413, "application/json", b"{}", {}), Refused),
        (("/write", 422, "application/json", b'{"message":"outside retention"}', {}), Refused),
    ],
)
def test_an_answer_that_is_not_a_clear_yes_is_a_store_error(server, fault, cause):
    store = store_of(server)
    server.fault = fault
    with pytest.raises(StoreError) as caught:
        store.append(samples((1, 0, 1.0)))
    assert type(caught.value.__cause__) is cause
    if fault[1] == 429:
        assert caught.value.__cause__.retry_after == 7
    server.fault = None
    store.append(samples((1, 0, 1.0)))
    assert store.samples(np.array([1]), MONDAY, MONDAY + DAY).values.tolist() == [1]
    store.close()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Please sign in</html>",
        b"{}",
        b"#datatype,string,long\r\n",
        b",result,table,_time,_value,aiops_series\r\n,,0,2026-01-05T00:00:00Z,1",
        b",result,table,_time,_value,aiops_series\r\n,,0,yesterday,1,1\r\n",
        b",result,table,_time,_value,aiops_series\r\n,,0,2026-01-05T00:00:00Z,1\r\n",
        b",result,table,_time,_value\r\n,,0,2026-01-05T00:00:00Z,1\r\n",
        b"#datatype,string,string\r\n,error,reference\r\n,failed to read: out of memory,897\r\n",
    ],
)
def test_an_answer_to_a_query_that_is_no_whole_table_is_a_store_error(server, body):
    store = store_of(server)
    server.fault = ("/query", 200, "text/csv", body, {})
    with pytest.raises(StoreError):
        store.samples(np.array([1]), MONDAY, MONDAY + HOUR)
    store.close()


def test_a_wrong_token_and_a_wrong_organisation_are_told_apart(server):
    wrong = store_of(server, token=Secret("wrong"))
    with pytest.raises(StoreError, match="401"):
        wrong.append(samples((1, 0, 1.0)))
    elsewhere = store_of(server, org="other")
    with pytest.raises(StoreError, match="organization not found"):
        elsewhere.append(samples((1, 0, 1.0)))
    for each in (wrong, elsewhere):
        assert "wrong" not in repr(each._settings)
        each.close()


@pytest.mark.parametrize("unknown_name", ["empty", "404", "system"])
def test_bucket_retention_and_task_are_created_once_and_only_on_request(server, unknown_name):
    server.unknown_name = unknown_name
    server.buckets, server.tasks = [{"name": "aiops"}], []
    plain = store_of(server, bucket="new")
    plain.append(samples((1, 0, 1.0)))
    assert [each["name"] for each in server.buckets] == ["aiops"]
    for _ in range(2):
        store = store_of(
            server,
            bucket="new",
            create_bucket=True,
            retention=timedelta(days=30),
            downsample=True,
            name="x",
        )
        store.append(samples((1, 0, 1.0)))
        store.close()
    assert server.buckets[1:] == [
        {
            "orgID": "0a",
            "name": "new",
            "retentionRules": [{"type": "expire", "everySeconds": 2592000}],
        },
        {"orgID": "0a", "name": "new_1h", "retentionRules": []},
    ]
    assert [each["name"] for each in server.tasks] == ["aiops hourly x"]
    assert "aggregateWindow(every: 1h, fn: mean" in server.tasks[0]["flux"]
    plain.close()


def test_settings_that_are_missing_are_named():
    for missing in ("org", "bucket", "token"):
        given = {
            "org": "a",
            "bucket": "b",
            "token": Secret("c"),
            missing: Secret("") if missing == "token" else "",
        }
        with pytest.raises(ConfigError, match=missing):
            InfluxStore(InfluxSettings(**given))


def test_a_server_that_is_absent_is_a_store_error():
    settings = InfluxSettings(url="http://127.0.0.1:9", org="a", token=Secret("b"))
    store = InfluxStore(settings)
    with pytest.raises(StoreError, match="nothing listens"):
        store.append(samples((1, MINUTE, 1.0)))
    store.close()
