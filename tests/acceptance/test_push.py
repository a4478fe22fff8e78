"""Genuine agents push into the installed daemon; their assets appear, and others' do not."""

import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from aiops.api.access import new_agent_token
from aiops.ledger.open import open_ledger
from tests.acceptance.daemon import Daemon
from tests.ports import free_port
from tests.waiting import wait_for

AIOPS = Path(sys.executable).with_name("aiops")
_CONFIG = """
store: {directory: data}
server: {port: 0, grpc_port: %d}
collect: {sources: []}
ladder: {start: shadow}
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    port = free_port()
    started = Daemon(tmp_path_factory.mktemp("pushed"), _CONFIG % port).start()
    started.grpc_port = port
    yield started
    started.kill()


def token(daemon, source: str, interval: timedelta | None = None, *assets: str) -> str:
    """A token, made as the command makes it: in the ledger of the running daemon."""
    now = datetime.now(UTC)
    secret, credential = new_agent_token(
        source, source, now, timedelta(days=1), assets=assets, interval=interval
    )
    ledger = open_ledger(f"sqlite:///{daemon.directory / 'data' / 'ledger.db'}", now)
    ledger.put_credential(credential)
    ledger.close()
    return secret


def aiops(daemon, *arguments: str) -> str:
    command = [AIOPS, *arguments, "--config", str(daemon.config)]
    done = subprocess.run(command, cwd=daemon.directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def url(daemon, path: str) -> str:
    return f"http://127.0.0.1:{daemon.port}{path}"


def write(daemon, secret: str, lines: str, **more) -> httpx.Response:
    headers = {"Authorization": f"Token {secret}"}
    address = url(daemon, "/api/v2/write")
    return httpx.post(address, content=lines, headers=headers, trust_env=False, timeout=60, **more)


def assets(daemon) -> dict[str, dict]:
    return {asset["key"]: asset for asset in daemon.get("/api/v1/assets", limit=500)["items"]}


def is_on_the_board(daemon, asset: str) -> bool:
    """Whether a person who looks for it finds its row."""
    with daemon.client() as client:
        page = client.get("/", params={"q": asset}, headers={"Accept": "text/html"})
    page.raise_for_status()
    return f'href="/assets/{quote(asset)}"' in page.text


def parts(daemon, parent: str, kind: str) -> list[dict]:
    return [a for a in assets(daemon).values() if (a["parent"], a["kind"]) == (parent, kind)]


def values(daemon, asset: str) -> dict[str, dict]:
    if asset not in assets(daemon):
        return {}
    items = daemon.get("/api/v1/series", asset=asset, limit=500)["items"]
    return {item["series"]["metric"]: item for item in items}


def test_vmagent_scraping_a_node_exporter_brings_its_volumes(daemon, node_exporter, tmp_path):
    program = shutil.which("vmagent")
    if program is None or node_exporter is None:
        pytest.skip("not run: no vmagent or no node exporter here (scripts/servers.sh)")
    secret = token(daemon, "edge", timedelta(seconds=1))
    target = node_exporter.removeprefix("http://").partition("/")[0]
    scrape = tmp_path / "scrape.yaml"
    scrape.write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    port = free_port()
    agent = subprocess.Popen(
        [
            program,
            f"-httpListenAddr=127.0.0.1:{port}",
            f"-promscrape.config={scrape}",
            f"-remoteWrite.url={url(daemon, '/api/v1/write')}",
            f"-remoteWrite.bearerToken={secret}",
            f"-remoteWrite.tmpDataPath={tmp_path / 'vmagent'}",
            "-remoteWrite.flushInterval=200ms",
            "-loggerLevel=ERROR",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        volumes = wait_for(lambda: parts(daemon, target, "volume"))
        wait_for(lambda: "system.cpu.utilization" in values(daemon, target))
        wait_for(lambda: "system.filesystem.utilization" in values(daemon, volumes[0]["key"]))
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(60)
    assert assets(daemon)[target]["kind"] == "host"
    assert is_on_the_board(daemon, target)
    status = {s["name"]: s for s in daemon.get("/api/v1/status")["sources"]}
    assert status["edge"]["type"] == "remote_write"


def test_collectd_brings_its_host_and_volumes(daemon, tmp_path):
    program = shutil.which("collectd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("not run: no collectd here (scripts/servers.sh)")
    config = tmp_path / "collectd.conf"
    config.write_text(
        f'BaseDir "{tmp_path}"\nPIDFile "{tmp_path / "pid"}"\nHostname "old-1"\n'
        "FQDNLookup false\nInterval 1\nLoadPlugin load\nLoadPlugin df\nLoadPlugin write_http\n"
        f'<Plugin write_http>\n<Node "aiops">\nURL "{url(daemon, "/collectd")}"\n'
        f'User "agent"\nPassword "{token(daemon, "collectd", timedelta(seconds=1))}"\n'
        'Format "JSON"\nBufferSize 4096\n</Node>\n</Plugin>\n'
    )
    agent = subprocess.Popen(
        [program, "-f", "-C", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: "system.cpu.load_average.1m" in values(daemon, "old-1"))
        wait_for(lambda: parts(daemon, "old-1", "volume"))
    finally:
        agent.terminate()
        agent.wait(60)
    assert {a["kind"] for a in assets(daemon).values() if a["parent"] == "old-1"} == {"volume"}
    assert is_on_the_board(daemon, "old-1")


def test_the_client_of_influxdb_writes_and_is_told_what_was_wrong(daemon):
    from influxdb_client import InfluxDBClient, Point
    from influxdb_client.client.write_api import SYNCHRONOUS
    from influxdb_client.rest import ApiException

    secret = token(daemon, "office", timedelta(seconds=10))
    with InfluxDBClient(url(daemon, ""), token=secret, org="x") as client:
        point = Point("disk").tag("host", "desk-1").tag("path", "/data").field("used_percent", 81.5)
        with client.write_api(write_options=SYNCHRONOUS) as writer:
            writer.write("any", record=point)
            with pytest.raises(ApiException, match="partial write"):
                writer.write("any", record="cpu,host=desk-1 usage_user=3\nbad line\n")
    assert "desk-1/volume:/data" in assets(daemon)
    assert "cpu_usage_user" in values(daemon, "desk-1")
    found = values(daemon, "desk-1/volume:/data")["system.filesystem.utilization"]
    assert found["step_seconds"] == 10


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_genuine_exporter_of_opentelemetry_is_understood(daemon, protocol):
    from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as by_grpc
    from opentelemetry.exporter.otlp.proto.http import metric_exporter as by_http
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    told = f"Bearer {token(daemon, f'otel-{protocol}')}"
    shop, host = f"shop-{protocol}", f"web-{protocol}"
    if protocol == "http":
        exporter = by_http.OTLPMetricExporter(
            endpoint=url(daemon, "/v1/metrics"), headers={"Authorization": told}
        )
    else:
        exporter = by_grpc.OTLPMetricExporter(
            endpoint=f"127.0.0.1:{daemon.grpc_port}",
            insecure=True,
            headers=(("authorization", told),),
        )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], Resource({"service.name": shop, "host.name": host}))
    meter = provider.get_meter("test")
    meter.create_counter("orders", unit="{order}").add(3)
    meter.create_up_down_counter("connections").add(7)
    times = meter.create_histogram("duration", unit="s")
    times.record(0.4)
    assert provider.force_flush()
    times.record(0.6)
    assert provider.force_flush()
    provider.shutdown()
    found = values(daemon, shop)
    assert found["orders"]["counter"]
    assert found["orders"]["unit"] == "{order}"
    assert not found["connections"]["counter"]
    assert {"duration", "duration.count", "duration.sum"} <= found.keys()
    assert assets(daemon)[shop]["depends_on"] == [host]
    assert is_on_the_board(daemon, shop)


def test_an_agent_cannot_push_the_assets_of_another_source(daemon):
    first, second = token(daemon, "first"), token(daemon, "second")
    line = "pump,host=pump-7 speed={} {}"
    now = time.time_ns()
    assert write(daemon, first, line.format(1, now)).status_code == 204
    answer = write(daemon, second, line.format(2, now + 1_000_000_000))
    assert answer.status_code == 400
    assert "foreign_asset: 1" in answer.json()["message"]
    # a part of it is not free for the taking either
    part = write(daemon, second, f"disk,host=pump-7,path=/ used_percent=99 {now}")
    assert "foreign_asset" in part.json()["message"]
    told = token(daemon, "third", None, "pump-*")
    assert write(daemon, told, line.format(3, now + 2_000_000_000)).status_code == 204
    assert write(daemon, told, f"x,host=other y=1 {now}").status_code == 400


def test_a_token_of_an_agent_opens_nothing_else_and_can_be_withdrawn(daemon, tmp_path):
    secret = aiops(daemon, "token", "create", "narrow", "--interval", "10s")
    assert write(daemon, secret, "a,host=narrow b=1").status_code == 204
    assert values(daemon, "narrow")["a_b"]["step_seconds"] == 10
    kept = tmp_path / "token"
    kept.write_text(secret + "\n")
    headers = {"Authorization": f"Bearer {secret}"}
    asked = httpx.get(url(daemon, "/api/v1/assets"), headers=headers, trust_env=False, timeout=60)
    assert asked.status_code == 403
    in_address = write(daemon, secret, "a b=1", params={"token": secret})
    assert in_address.status_code == 400
    aiops(daemon, "token", "revoke", str(kept))
    assert write(daemon, secret, "a b=1").status_code == 401


def test_bombs_and_strange_encodings_are_refused(daemon):
    secret = token(daemon, "bombs")
    headers = {"Authorization": f"Token {secret}", "Content-Encoding": "gzip"}
    address = url(daemon, "/write")
    bomb = gzip.compress(b"\n" * (50 << 20))
    with httpx.Client(headers=headers, trust_env=False, timeout=60) as client:
        assert client.post(address, content=bomb).status_code == 413
        assert client.post(address, content=bomb[:-9]).status_code in {400, 413}
        cut = gzip.compress(b"a,host=b c=1\n" * 50)[:-9]
        assert client.post(address, content=cut).status_code == 400
        twice = gzip.compress(gzip.compress(b"a,host=b c=1"))
        assert client.post(address, content=twice).status_code == 415
        other = client.post(address, content=b"x", headers={"Content-Encoding": "br"})
        assert other.status_code == 415
        good = client.post(address, content=gzip.compress(b"a,host=bombs c=1\r\n"))
        assert good.status_code == 204


def test_what_was_acknowledged_survives_a_kill(daemon):
    secret = token(daemon, "last", timedelta(seconds=1))
    now = time.time_ns() // 1_000_000_000 * 1_000_000_000
    lines = "\n".join(f"k,host=kept v={n} {now - n * 1_000_000_000}" for n in range(50))
    assert write(daemon, secret, lines).status_code == 204
    daemon.kill()
    daemon.start()
    series = values(daemon, "kept")["k_v"]
    panel = daemon.get(
        "/api/v1/panels",
        ids=series["id"],
        start=(now - 49 * 10**9) // 10**9,
        end=now // 10**9 + 1,
        step=1,
    )
    kept = panel["columns"][0]["values"]
    assert kept == [float(n) for n in range(49, -1, -1)]
