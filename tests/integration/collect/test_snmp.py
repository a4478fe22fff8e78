"""A real net-snmp agent, asked with versions 2c and 3."""

import asyncio
import os
import shutil
import socket
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.testing.collector import check_collector
from collectors.host.readings import Mount, read_volume
from collectors.snmp import PLUGIN, walk
from collectors.snmp.settings import SnmpSettings, Version
from collectors.snmp.tables import METRICS, Wraps, read
from collectors.snmp.walk import Answers
from tests.ports import free_port
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=60)
_V3 = {
    "version": Version.V3,
    "username": "u",
    "password": Secret("authpass123"),
    "privacy_password": Secret("privpass123"),
}


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    program = shutil.which("snmpd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("not run: no snmpd here (scripts/servers.sh)")
    directory = tmp_path_factory.mktemp("snmpd")
    port = free_port(socket.SOCK_DGRAM)
    config = directory / "snmpd.conf"
    config.write_text(
        f"agentaddress udp:127.0.0.1:{port}\nrocommunity public 127.0.0.1\nsysName box\n"
        'createUser u SHA "authpass123" AES "privpass123"\nrouser u priv\n'
    )
    process = subprocess.Popen(
        [program, "-f", "-Lo", "-C", "-c", str(config), "-I", "-smux,mteTrigger,mteTriggerConf"],
        env={**os.environ, "SNMP_PERSISTENT_DIR": str(directory)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    target = f"127.0.0.1:{port}"
    source = make(target, timeout_seconds=0.3, retries=0)

    def ready():
        with suppress(Unreachable):
            return source.collect({}, datetime.now(UTC), _DEADLINE)

    try:
        wait_for(ready)
        source.close()
        yield target
    finally:
        process.terminate()
        process.wait(60)


def make(*targets, **more):
    return PLUGIN.create(SnmpSettings(targets=targets, **more))


@pytest.fixture
def collect():
    made = []

    def once(*targets, **more):
        made.append(make(*targets, **more))
        collection = made[-1].collect({}, datetime.now(UTC), _DEADLINE)
        batch = collection.batch
        values = {
            (batch.series[row].asset, batch.series[row].metric): value
            for row, value in zip(batch.rows, batch.values, strict=True)
        }
        return made[-1], collection, values

    yield once
    for source in made:
        source.close()


@pytest.mark.parametrize("credentials", [{}, _V3], ids=["2c", "3"])
def test_volumes_memory_and_load_are_those_of_this_machine(agent, collect, credentials):
    source, collection, values = collect(agent, **credentials)
    assert not collection.dropped
    assert source.discover().whole  # every neighbour it has was told
    direct = {m: v for _, m, _, v in read_volume(Mount("/", "/"))}
    name = "system.filesystem.utilization"
    # the agent counts what only root may use as free, df does not
    assert values[f"{agent}/volume:/", name] <= direct[name] + 0.02
    assert 0 < values[agent, "system.memory.utilization"] < 1
    assert values[agent, "system.cpu.load_average.1m"] >= 0
    assert values[agent, "system.uptime"] > 0
    limits = {(limit.asset, limit.metric): limit.fail for limit in source.discover().limits}
    assert limits[f"{agent}/volume:/", name] == 1


def test_an_agent_that_is_not_there_costs_no_other(agent, collect):
    source, collection, values = collect(agent, "127.0.0.1:9", timeout_seconds=2.0, retries=0)
    assert collection.dropped == {"timeout": 1}
    assert not source.discover().whole
    assert values


@pytest.mark.parametrize(
    ("credentials", "kind", "seconds"),
    [
        ({"community": Secret("wrong")}, "timeout", 0.2),  # nobody answers such a one
        ({**_V3, "password": Secret("authpass124")}, "auth", 20.0),
        ({**_V3, "username": "nobody"}, "auth", 20.0),
    ],
)
def test_wrong_credentials_are_told_without_them(agent, credentials, kind, seconds):
    source = make(agent, timeout_seconds=seconds, retries=0, **credentials)
    with pytest.raises(Unreachable) as raised:
        source.collect({}, datetime.now(UTC), _DEADLINE)
    source.close()
    assert raised.value.kind == kind
    assert "pass" not in str(raised.value)


def test_of_hundreds_of_agents_some_dozens_are_asked_at_once_and_all_in_the_end(monkeypatch):
    asking, most = set(), []

    async def ask(engine, who, place, wanted, settings):
        asking.add(place)
        most.append(len(asking))
        await asyncio.sleep(0)
        asking.remove(place)
        return Answers()

    monkeypatch.setattr(walk, "walk", ask)
    targets = {f"host-{n}": (f"host-{n}", 161) for n in range(250)}
    settings = SnmpSettings(targets=tuple(targets))
    found = asyncio.run(walk.walk_all(None, None, targets, walk.Wanted(()), settings, 30.0))
    assert list(found) == list(targets)
    assert all(isinstance(each, Answers) for each in found.values())
    assert max(most) == 64  # the answers of 250 overflow the socket's buffer


def test_a_table_that_is_too_long_is_cut_off_and_told(agent, collect):
    _, collection, _ = collect(agent, max_rows=20)
    assert collection.dropped["limit"] >= 2


def test_it_keeps_the_contract(agent):
    check_collector(
        lambda: make(agent),
        dead=lambda: make("127.0.0.1:9", timeout_seconds=0.2, retries=0),
    )


def test_interfaces_have_their_counters_and_whether_they_are_up():
    one = (1,)
    told = {"2.2.1.2": "Ethernet1", "2.2.1.3": 6, "2.2.1.7": 1, "2.2.1.8": 2, "2.2.1.14": 7}
    told |= {"31.1.1.1.1": "eth1", "31.1.1.1.6": 2**40, "2.2.1.16": 5}
    answers = Answers({f"1.3.6.1.2.1.{oid}": {one: value} for oid, value in told.items()})
    found = {(r.metric.name, r.labels): r for r in read("sw", answers, ())}
    assert {r.asset.key for r in found.values()} == {"sw/interface:eth1"}
    link = found["hw.network.up", ()]
    assert (link.value, link.fail) == (0.0, 0.0)
    wide, narrow = (
        found["system.network.io", (("network.io.direction", way),)]
        for way in ("receive", "transmit")
    )
    assert (wide.value, wide.narrow, narrow.value, narrow.narrow) == (2.0**40, False, 5.0, True)
    assert not list(read("sw", answers, ("eth*",)))


def test_a_narrow_counter_is_carried_over_its_end_unless_the_agent_began_anew():
    wraps = Wraps({}, {}, {})
    wraps.restarted("sw", 100.0)
    assert [wraps.grown(("sw", "x"), v) for v in (2.0**32 - 10, 5.0, 6.0)] == [
        2.0**32 - 10,
        2.0**32 + 5,
        2.0**32 + 6,
    ]
    wraps.restarted("sw", 1.0)
    assert wraps.grown(("sw", "x"), 3.0) == 3.0


def test_absent_values_are_absent_and_texts_with_numbers_are_numbers():
    assert not list(read("sw", Answers(), ()))
    load = Answers({"1.3.6.1.4.1.2021.10.1.3": {(1,): "7.90", (2,): "23.5 C"}})
    assert [(r.metric.name, r.value) for r in read("sw", load, ())] == [
        ("system.cpu.load_average.1m", 7.9)
    ]


def test_the_table_of_metrics_names_them_all():
    from csv import DictReader
    from pathlib import Path

    import collectors.snmp

    path = Path(collectors.snmp.__file__).parent / "metrics.csv"
    with path.open(encoding="utf-8", newline="") as file:
        told = {(r["metric"], r["unit"], r["kind"], r["bad_direction"]) for r in DictReader(file)}
    assert told == {(m.name, m.unit, m.kind.value, m.bad_direction.value) for m in METRICS}


@pytest.mark.parametrize(
    "settings",
    [
        {"targets": ("a:b",)},
        {"targets": ("http://a",)},
        {"targets": ("169.254.169.254",)},
        {"targets": ("a",), "version": Version.V3},
        {"targets": ("a",), **_V3, "password": None},
    ],
)
def test_settings_that_can_never_work_are_refused_at_once(settings):
    with pytest.raises(ConfigError):
        PLUGIN.create(SnmpSettings(**settings))
