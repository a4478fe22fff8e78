"""PromQL against a real Prometheus into which an hour of history was written."""

import shutil
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from aiops.contracts.errors import Unreachable
from aiops.testing.collector import check_collector
from collectors import http_json, prometheus_query
from collectors.http_json.settings import HttpJsonSettings, JsonMetric
from collectors.prometheus_query.settings import PrometheusQuerySettings, QuerySettings
from tests.contract.collect.pushes import write_body
from tests.ports import free_port
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=60)
_STEP = 15
_CONFIG = """
global: {scrape_interval: 15s}
scrape_configs: [{job_name: none, static_configs: [{targets: ['127.0.0.1:9']}]}]
storage: {tsdb: {out_of_order_time_window: 1d}}
"""
_FULL = QuerySettings(
    metric="system.filesystem.utilization",
    query="used / size",
    asset="{instance}/volume:{mountpoint}",
    parent="{instance}",
    kind="volume",
    fail=1.0,
    warn=0.9,
)


@pytest.fixture(scope="module")
def now():
    return datetime.fromtimestamp(int(time.time()) // _STEP * _STEP, UTC)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory, now):
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("not run: no prometheus here (scripts/servers.sh)")
    directory = tmp_path_factory.mktemp("prometheus")
    (directory / "prometheus.yml").write_text(_CONFIG)
    port = free_port()
    process = subprocess.Popen(
        [
            program,
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver",
            "--log.level=error",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_ready(url)
        _write_history(url, now)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _wait_ready(url):
    def ready():
        with suppress(httpx.HTTPError):
            return httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200

    wait_for(ready, every=0.05)


def _write_history(url, now):
    """An hour: the volume fills from 0 to 1, the second one stays at a half."""
    points = range(0, 3600 + _STEP, _STEP)
    first = int(now.timestamp()) - 3600

    def series(name, mountpoint, value):
        labels = {"__name__": name, "instance": "db-1", "job": "node", "mountpoint": mountpoint}
        return dict(sorted(labels.items())), [((first + s) * 1000, value(s)) for s in points]

    body = write_body(
        series("used", "/", lambda s: s / 36),
        series("size", "/", lambda _: 100.0),
        series("used", "/data", lambda _: 50.0),
        series("size", "/data", lambda _: 100.0),
    )
    headers = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    answer = httpx.post(
        f"{url}/api/v1/write", content=body, headers=headers, trust_env=False, timeout=60
    )
    assert answer.status_code == 204, answer.text


def collector(url, *queries, **more):
    return prometheus_query.PLUGIN.create(
        PrometheusQuerySettings(url=url, queries=queries or (_FULL,), **more)
    )


def test_history_comes_whole_and_once(prometheus, now, monkeypatch):
    monkeypatch.setattr("collectors.prometheus_query.collector._MAX_POINTS", 100)
    source = collector(prometheus, history=timedelta(hours=1))
    cursor, seen, pieces = {}, [], 0
    while True:
        collection = source.collect(cursor, now, _DEADLINE)
        if not len(collection.batch):
            break
        batch, cursor, pieces = collection.batch, collection.cursor, pieces + 1
        seen += [
            (batch.series[row].asset, int(at), round(value, 9))
            for row, at, value in zip(batch.rows, batch.times, batch.values, strict=True)
        ]
    assert pieces == 3
    assert len(seen) == len(set(seen)) == 2 * 241
    filling = [value for asset, _, value in sorted(seen) if asset == "db-1/volume:/"]
    assert filling == [round(s / 3600, 9) for s in range(0, 3601, _STEP)]


def test_assets_and_limits_come_from_the_labels(prometheus, now):
    source = collector(prometheus)
    source.collect({}, now, _DEADLINE)
    inventory = source.discover()
    parents = {asset.key: asset.parent for asset in inventory.assets}
    assert parents == {"db-1": "", "db-1/volume:/": "db-1", "db-1/volume:/data": "db-1"}
    assert {(limit.asset, limit.fail) for limit in inventory.limits} == {
        ("db-1/volume:/", 1.0),
        ("db-1/volume:/data", 1.0),
    }


def test_a_failed_query_moves_no_cursor_and_says_which_it_was(prometheus, now):
    wrong = QuerySettings(metric="m", query="sum by (")
    source = collector(prometheus, _FULL, wrong)
    with pytest.raises(Unreachable, match=r"m: .*is the query right"):
        source.collect({}, now, _DEADLINE)
    few = collector(prometheus, max_series=1)
    with pytest.raises(Unreachable, match="2 series, at most 1"):
        few.collect({}, now, _DEADLINE)


def test_results_without_the_labels_of_the_key_are_counted(prometheus, now):
    source = collector(prometheus, QuerySettings(metric="m", query="sum(used)"), _FULL)
    assert source.collect({}, now, _DEADLINE).dropped == {"labels": 1}


def test_it_keeps_the_contract(prometheus, now):
    check_collector(
        lambda: collector(prometheus),
        now=now,
        dead=lambda: collector("http://127.0.0.1:9"),
    )


def json_collector(prometheus, **more):
    settings = {
        "url": f"{prometheus}/api/v1/status/tsdb",
        "metrics": (
            JsonMetric("series", "$.value", unit="1", fail=1000.0),
            JsonMetric("nothing", "$.nowhere"),
        ),
        "items": "$.data.seriesCountByMetricName[*]",
        "asset": "$.name",
    }
    return http_json.PLUGIN.create(HttpJsonSettings(**{**settings, **more}))


def test_numbers_of_a_json_api_are_found_by_path(prometheus, now):
    source = json_collector(prometheus)
    collection = source.collect({}, now, _DEADLINE)
    batch = collection.batch
    values = {
        batch.series[row].asset: value for row, value in zip(batch.rows, batch.values, strict=True)
    }
    assert values["used"] == values["size"] == 2
    assert collection.dropped["parse"] == len(values)
    assert {limit.asset for limit in source.discover().limits} == values.keys()


def test_a_page_that_is_not_the_document_is_told(prometheus, now):
    with pytest.raises(Unreachable) as raised:
        json_collector(prometheus, items="$.data.nowhere[*]").collect({}, now, _DEADLINE)
    assert raised.value.kind == "format"
    with pytest.raises(Unreachable) as raised:
        json_collector(prometheus, url=f"{prometheus}/-/ready").collect({}, now, _DEADLINE)
    assert raised.value.kind == "format"


def test_the_json_collector_keeps_the_contract(prometheus, now):
    check_collector(
        lambda: json_collector(prometheus),
        now=now,
        dead=lambda: json_collector("http://127.0.0.1:9"),
    )
