"""A real Zabbix with its frontend, and answers in the form of newer versions' manuals."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.testing.collector import check_collector
from collectors.zabbix import PLUGIN
from collectors.zabbix.items import METRICS, read_item
from collectors.zabbix.settings import ZabbixSettings
from tests.contract.collect.test_collectors import _table
from tests.integration.collect.documents import serving
from tests.integration.zabbix_server import missing, running_zabbix
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=60)
_NOW = datetime.now(UTC)
_VALUES = {
    "vfs.fs.size[/srv,pused]": 81.5,
    "vm.memory.size[pavailable]": 20.0,
    "shop.orders": 7,
}


@pytest.fixture(scope="module")
def zabbix():
    why = missing()
    if why:
        pytest.skip(f"not run: {why}")
    with running_zabbix() as started:
        items = {key: (0, "%") for key in _VALUES if key != "shop.orders"}
        started.new_host("web-1", "Shop", {**items, "shop.orders": (3, "")})
        started.send("web-1", _VALUES)
        yield started


def make(url, **more):
    told = {"token": Secret("hunter2"), "keys": ("*",), **more}
    return PLUGIN.create(ZabbixSettings(url, **told))


def collect(source, cursor=None):
    collection = source.collect(cursor or {}, datetime.now(UTC), _DEADLINE)
    batch = collection.batch
    rows = sorted(zip(batch.times, batch.rows, batch.values, strict=True))
    return {batch.series[row].text: (at / 1e9, value) for at, row, value in rows}, collection


_SERIES = (
    "web-1/volume:/srv system.filesystem.utilization",
    "web-1 system.memory.utilization",
    "web-1 zabbix.shop.orders",
)


def arrived(source):
    """Collects until every value sent is there: Zabbix writes history later, each at its time."""

    def all_of_them():
        found, collection = collect(source)
        return (found, collection) if found.keys() >= set(_SERIES) else None

    return wait_for(all_of_them)


@pytest.mark.slow
def test_items_of_a_real_zabbix_become_metrics_with_their_own_times(zabbix):
    sent_from, sent_to = zabbix.sent
    source = make(zabbix.url, token=Secret(zabbix.new_token()), groups=("Shop",))
    found, collection = arrived(source)
    at, value = found["web-1/volume:/srv system.filesystem.utilization"]
    assert value == pytest.approx(0.815)
    assert sent_from - 0.001 <= at <= sent_to  # read to the millisecond
    assert found["web-1 system.memory.utilization"][1] == pytest.approx(0.8)
    assert found["web-1 zabbix.shop.orders"][1] == 7.0
    limits = {limit.asset: limit.fail for limit in source.discover().limits}
    assert limits == {"web-1/volume:/srv": 1.0, "web-1": 1.0}
    zabbix.send("web-1", {"shop.orders": 8})
    cursor = collection.cursor

    def later():
        nonlocal cursor
        found, collection = collect(source, cursor)
        cursor = collection.cursor
        return found if found.get(_SERIES[2], (0, 7.0))[1] != 7.0 else None

    assert wait_for(later)[_SERIES[2]][1] == 8.0


@pytest.mark.slow
def test_a_real_zabbix_refuses_a_wrong_token_and_it_is_never_shown(zabbix):
    with pytest.raises(Unreachable) as raised:
        collect(make(zabbix.url, token=Secret("f" * 64)))
    assert raised.value.kind == "auth"
    assert "ffff" not in str(raised.value)


@pytest.mark.slow
def test_a_real_zabbix_keeps_the_contract(zabbix):
    token = Secret(zabbix.new_token())
    arrived(make(zabbix.url, token=token))
    check_collector(lambda: make(zabbix.url, token=token), dead=lambda: make("http://127.0.0.1:9"))


class Api:
    """Answers as the manual of a version shows."""

    def __init__(self, version="7.0.0", history=(), **answers):
        item = {"itemid": "1", "key_": "system.uptime", "value_type": "3", "units": "uptime"}
        self.asked = []
        self.answers = {
            "apiinfo.version": version,
            "item.get": [{**item, "hosts": [{"host": "a"}]}],
            "history.get": list(history),
            **{name.replace("_", "."): told for name, told in answers.items()},
        }

    def __call__(self, asked):
        question = orjson.loads(asked.body)
        self.asked.append((question, asked.headers))
        told = self.answers[question["method"]]
        if question["method"] == "history.get" and question["params"]["history"] == 0:
            told = []
        if isinstance(told, dict) and "error" in told:
            return {"jsonrpc": "2.0", "id": 1, **told}
        return {"jsonrpc": "2.0", "id": 1, "result": told}


def value(clock, told, **more):
    return {"itemid": "1", "clock": str(clock), "ns": "5000000", "value": told, **more}


def test_newer_versions_get_the_token_in_the_header_and_older_ones_in_the_body():
    now = int(_NOW.timestamp())
    for version, header in (("6.0.14", False), ("6.4.0", True), ("7.2.1", True)):
        api = Api(version, [value(now - 5, "12")])
        with serving({"/zabbix/api_jsonrpc.php": api}) as server:
            found, _ = collect(make(f"{server.url}/zabbix/"))
        assert found == {"a system.uptime": (pytest.approx(now - 5 + 0.005), 12.0)}
        for question, headers in api.asked[1:]:
            assert ("authorization" in headers) is header
            assert ("auth" in question) is not header
        assert "auth" not in api.asked[0][0]


def test_history_is_read_on_from_the_cursor_in_bounded_pieces():
    api = Api(history=[value(int(_NOW.timestamp()), "1")])
    with serving({"/api_jsonrpc.php": api}) as server:
        source = make(server.url, history=timedelta(hours=3))
        _, first = collect(source)
        collect(source, first.cursor)
    spans = [
        (question["params"]["time_from"], question["params"]["time_till"])
        for question, _ in api.asked
        if question["method"] == "history.get"
    ]
    (start, stop), (later, end) = spans
    assert stop - start == 3600 + 120  # what comes late is looked for again
    assert (later, end) == (stop - 120, stop + 3600)


@pytest.mark.parametrize(
    "bad",
    [{}, {"clock": "x"}, {"value": "text"}, {"value": None}, {"clock": None}, {"itemid": "9"}],
)
def test_one_bad_value_costs_no_other(bad):
    now = int(_NOW.timestamp())
    row = {**value(now, "1"), **bad} if bad else {}
    with serving({"/api_jsonrpc.php": Api(history=[row, value(now, "2")])}) as server:
        found, collection = collect(make(server.url))
    assert found["a system.uptime"][1] == 2.0
    assert collection.dropped == {"parse": 1}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"<html>log in</html>", "format"),
        ({"a": 1}, "format"),
        (Api(version=None), "format"),
        (Api(item_get={"x": 1}), "format"),
        (Api(item_get=[]), "empty"),
        (Api(item_get=[{}, {"itemid": "1", "key_": "a b", "hosts": [{"host": "h"}]}]), "empty"),
        (Api(item_get={"error": {"message": "No permissions", "data": ""}}), "auth"),
        (Api(item_get={"error": {"message": "Invalid params.", "data": "x"}}), "source"),
        (500, "http"),
    ],
)
def test_what_is_no_zabbix_or_refuses_is_told(answer, kind):
    with serving({"/api_jsonrpc.php": answer}) as server, pytest.raises(Unreachable) as raised:
        collect(make(server.url))
    assert raised.value.kind == kind
    assert "hunter2" not in str(raised.value)


def test_items_beyond_the_bound_are_left_out():
    items = [
        {"itemid": str(n), "key_": "a", "value_type": "3", "hosts": [{"host": f"h{n}"}]}
        for n in range(3)
    ]
    with serving({"/api_jsonrpc.php": Api(item_get=items)}) as server:
        assert collect(make(server.url, max_items=2))[1].dropped == {"limit": 1}


@pytest.mark.parametrize(
    ("key", "units", "metric", "asset", "value"),
    [
        (
            'vfs.fs.size["/srv,a",pused]',
            "%",
            "system.filesystem.utilization",
            "h/volume:/srv,a",
            0.5,
        ),
        (
            "vfs.fs.dependent.inode[/,pfree]",
            "%",
            "system.filesystem.inodes.utilization",
            "h/volume:/",
            0.5,
        ),
        ("system.cpu.util[,idle]", "%", "system.cpu.utilization", "h", 0.5),
        ("system.cpu.util[all,user]", "%", "zabbix.system.cpu.util", "h", 0.5),
        ("system.cpu.load[all,avg5]", "", "system.cpu.load_average.5m", "h", 50.0),
        ("system.cpu.load[percpu,avg5]", "", "zabbix.system.cpu.load", "h", 50.0),
        ('net.if.in["eth0"]', "bps", "system.network.io.rate", "h/interface:eth0", 50.0),
        ('net.if.in["eth0",errors]', "", "zabbix.net.if.in", "h", 50.0),
        ("icmppingloss", "%", "probe.loss", "h", 0.5),
        ("custom[a,b]", "B", "zabbix.custom", "h", 50.0),
    ],
)
def test_keys_mean_what_the_manual_says(key, units, metric, asset, value):
    told = {"itemid": "1", "key_": key, "value_type": "0", "units": units, "hosts": [{"host": "h"}]}
    item = read_item(told)
    assert (item.metric.name, item.assets[-1].key) == (metric, asset)
    assert item.offset + item.scale * 50 == pytest.approx(value)


def test_the_table_names_every_metric():
    told = [(row["metric"], row["unit"], row["bad_direction"]) for row in _table("zabbix")]
    assert told == [(one.name, one.unit, one.bad_direction) for one in METRICS]


@pytest.mark.parametrize("wrong", [{"url": "zabbix"}, {"url": "http://a:b@h"}, {"keys": ()}])
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    with pytest.raises(ConfigError):
        make(**{"url": "http://h", **wrong})
