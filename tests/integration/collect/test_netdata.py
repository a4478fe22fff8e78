"""A real agent of Netdata, and answers that no agent should give."""

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import psutil
import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.asset import Asset
from aiops.testing.collector import check_collector
from collectors.netdata import PLUGIN
from collectors.netdata.charts import METRICS, Chart, read, read_chart
from collectors.netdata.settings import NetdataSettings
from tests.contract.collect.test_collectors import _table
from tests.integration.collect.processes import running
from tests.integration.collect.serving import serve
from tests.ports import free_port

_DEADLINE = timedelta(seconds=60)


@pytest.fixture(scope="module")
def agent():
    """The address of a real agent, without its slow plug-ins."""
    program = shutil.which("netdata", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("not run: no netdata here (scripts/servers.sh)")
    # not below a directory of pytest's: another user cannot enter those
    place = Path(tempfile.mkdtemp(prefix="netdata-"))
    for folder in ("cache", "lib", "log"):
        (place / folder).mkdir()
    user = "nobody" if os.geteuid() == 0 else psutil.Process().username()
    if os.geteuid() == 0:
        for each in (place, *place.iterdir()):
            shutil.chown(each, user)
    port = free_port()
    told = {
        "global": {
            "home directory": place, "cache directory": place / "cache",
            "lib directory": place / "lib", "log directory": place / "log",
            "error log": place / "log" / "e", "access log": "none",
        },
        "registry": {"enabled": "no"},
        "statsd": {"enabled": "no"},
        "db": {"mode": "ram"},
        "plugins": {"go.d": "no", "python.d": "no", "charts.d": "no"},
    }  # fmt: skip
    command = [program, "-D", "-p", str(port), "-i", "127.0.0.1", "-u", user, "-c", "/dev/null"]
    for section, pairs in told.items():
        for key, value in pairs.items():
            command += ["-W", "set", section, key, str(value)]
    url = f"http://127.0.0.1:{port}"

    def ready():
        try:
            answer = httpx.get(f"{url}/api/v1/allmetrics?format=json", trust_env=False, timeout=60)
        except httpx.HTTPError:
            return False
        charts = answer.json() if answer.status_code == 200 else {}
        started = charts.get("netdata.uptime", {}).get("dimensions", {}).get("uptime", {})
        return (started.get("value") or 0) >= 4  # its first values come and go

    with running(command, ready):
        yield url
    shutil.rmtree(place, ignore_errors=True)


def collect(**told):
    collector = PLUGIN.create(NetdataSettings(**told))
    collection = collector.collect({}, datetime.now(UTC), _DEADLINE)
    batch = collection.batch
    pairs = zip(batch.rows, batch.values, strict=True)
    return {batch.series[row].text: value for row, value in pairs}, collection, collector


def test_a_real_agent_tells_what_the_kernel_tells(agent):
    root = psutil.disk_usage("/")
    found, _, collector = collect(url=agent)
    (host,) = {asset.key for asset in collector.discover().assets if asset.kind == "host"}
    later = psutil.disk_usage("/")  # others fill and empty the disk meanwhile
    low, high = sorted(one.used / (one.used + one.free) for one in (root, later))
    share = found[f"{host}/volume:/ system.filesystem.utilization"]
    assert low - 0.02 <= share <= high + 0.02
    usage = found[f"{host}/volume:/ system.filesystem.usage"]
    assert min(root.used, later.used) * 0.95 <= usage <= max(root.used, later.used) * 1.05
    assert 0 < found[f"{host} system.memory.utilization"] < 1
    assert 0 <= found[f"{host} system.cpu.utilization"] <= 1
    uptime = datetime.now(UTC).timestamp() - psutil.boot_time()
    assert found[f"{host} system.uptime"] == pytest.approx(uptime, abs=60)
    limits = {(limit.asset, limit.metric): limit for limit in collector.discover().limits}
    assert limits[f"{host}/volume:/", "system.filesystem.utilization"].fail == 1.0


def test_further_charts_are_kept_when_they_are_named(agent):
    found, _, _ = collect(url=agent, charts=("system.processes",))
    assert any(" system.processes{" in text and "dimension=running" in text for text in found)


def test_a_real_agent_keeps_the_contract(agent):
    check_collector(
        lambda: PLUGIN.create(NetdataSettings(url=agent)),
        dead=lambda: PLUGIN.create(NetdataSettings(url="http://127.0.0.1:9")),
    )


def test_hosts_that_are_not_named_are_not_read(agent):
    with pytest.raises(Unreachable, match="none of its 1 hosts") as raised:
        collect(url=agent, hosts=("another",))
    assert raised.value.kind == "empty"


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[1]", b"{}", b""])
def test_what_is_no_agent_is_told(body):
    with serve(body) as url, pytest.raises(Unreachable) as raised:
        collect(url=url.removesuffix("/metrics"), bearer_token=Secret("hunter2"))
    assert raised.value.kind == "format"
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "told",
    [None, 3, "x", [], {}, {"dimensions": 1}, {"dimensions": []}],
)
def test_what_is_no_chart_is_none(told):
    assert read_chart("x", told) is None


def test_one_bad_chart_costs_no_other_and_null_is_absent():
    def chart(context, **values):
        told = {name: {"name": name, "value": value} for name, value in values.items()}
        return {"context": context, "family": "/", "last_updated": now, "dimensions": told}

    now = int(datetime.now(UTC).timestamp())
    document = {
        "mirrored_hosts": ["a"],
        "bad": 1,
        "worse": {"context": "system.cpu", "dimensions": {"x": {"value": 1}}, "last_updated": "x"},
        "disk_space._": chart("disk.space", avail=1, used=3, reserved_for_root=9),
        "system.ram": chart("system.ram", free=None, used=None),
        "system.load": chart("system.load", load1=0.5, load5=None, load15="1"),
    }
    with serve(orjson.dumps(document)) as url:
        found, collection, _ = collect(url=url.removesuffix("/metrics"))
    assert found == {
        "a/volume:/ system.filesystem.utilization": 0.75,
        "a/volume:/ system.filesystem.usage": 3.0 * (1 << 30),
        "a system.cpu.load_average.1m": 0.5,
    }
    assert collection.dropped == {"format": 3}  # the list of hosts stands in this document too


def test_what_is_sent_is_no_negative_rate():
    chart = Chart("net.eth0", "net.net", "eth0", {"received": 8.0, "sent": -16.0})
    found = list(read(Asset("a"), chart, NetdataSettings("http://a")))
    assert [reading.value for reading in found] == [1000.0, 2000.0]
    assert not list(
        read(
            Asset("a"), Chart("net.lo", "net.net", "lo", {"sent": 1.0}), NetdataSettings("http://a")
        )
    )


def test_the_table_names_every_metric():
    told = {row["metric"]: (row["unit"], row["bad_direction"]) for row in _table("netdata")}
    assert told == {metric.name: (metric.unit, metric.bad_direction) for metric in METRICS}


@pytest.mark.parametrize(
    "url", ["localhost:19999", "http://169.254.169.254/", "file:///etc/passwd"]
)
def test_addresses_that_are_never_read_are_refused(url):
    with pytest.raises(ConfigError):
        PLUGIN.create(NetdataSettings(url=url))
