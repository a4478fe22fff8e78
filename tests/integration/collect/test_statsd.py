"""Lines of the real statsd client, and lines that no client should send."""

import socket
from datetime import UTC, datetime, timedelta

import pytest
import statsd

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.metric import MetricKind
from aiops.testing.collector import check_collector
from collectors.statsd import PLUGIN
from collectors.statsd.collector import StatsdCollector
from collectors.statsd.settings import StatsdSettings, Transport
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=60)


class _Heard(StatsdCollector):
    """One that knows how many lines it took, so that a test collects when all are there."""

    lines = 0

    def _take(self, packet, sender):
        super()._take(packet, sender)
        self.lines += len(packet.splitlines())


@pytest.fixture
def make():
    made = []

    def create(**more):
        collector = _Heard(StatsdSettings(**{"port": 0, "asset": "shop", **more}))
        made.append(collector)
        with pytest.raises(Unreachable, match="nobody has sent"):
            collect(collector)
        return collector

    yield create
    for collector in made:
        collector.close()


def collect(collector):
    return collector.collect({}, datetime.now(UTC), _DEADLINE)


def until_heard(collector, *, lines=0, refused=0):
    """Waits until so many lines were taken and so many senders refused since it listens."""
    told = lines, refused
    wait_for(lambda: (collector.lines, collector._listener.refused) == told, every=0.005)


def values(collection):
    batch = collection.batch
    return {
        batch.series[row].text: value for row, value in zip(batch.rows, batch.values, strict=True)
    }


def send(collector, *packets: bytes, allowed=True):
    """Sends packets and waits until the last of them was taken or refused."""
    lines, refused = collector.lines, collector._listener.refused
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet, ("127.0.0.1", collector.port))
    if allowed:
        lines += sum(len(packet.splitlines()) for packet in packets)
    else:
        refused += len(packets)
    until_heard(collector, lines=lines, refused=refused)


@pytest.mark.parametrize("transport", Transport)
def test_what_the_real_client_sends_becomes_counters_gauges_and_quantiles(make, transport):
    source = make(transport=transport)
    kind = statsd.StatsClient if transport is Transport.UDP else statsd.TCPStatsClient
    client = kind("127.0.0.1", source.port)
    with client.pipeline() as together:
        together.incr("orders", 3)
        together.incr("orders", 2)
        together.gauge("queue", 7)
        together.gauge("queue", -2, delta=True)
        for milliseconds in range(1, 101):
            together.timing("checkout", milliseconds)
        together.set("users", "ann")
        together.set("users", "bob")
        together.set("users", "ann")
    until_heard(source, lines=2 + 2 + 100 + 3)
    found = values(collect(source))
    client.close()
    assert found["shop orders"] == 5
    assert found["shop queue"] == 5
    assert found["shop checkout.count"] == 100
    assert found["shop users"] == 2
    assert found["shop checkout{quantile=0.95}"] == 96
    kinds = {metric.name: (metric.kind, metric.unit) for metric in source.discover().metrics}
    assert kinds["orders"] == (MetricKind.COUNTER, "1")
    assert kinds["checkout"] == (MetricKind.GAUGE, "ms")


def test_a_counter_is_a_total_and_a_gauge_is_told_once(make):
    source = make()
    send(source, b"n:1|c|@0.1\ng:5|g")
    assert values(collect(source)) == {"shop n": 10, "shop g": 5}
    assert values(collect(source)) == {"shop n": 10}
    send(source, b"n:1|c")
    assert values(collect(source)) == {"shop n": 11}


def test_tags_name_the_asset_and_stay_labels(make):
    source = make(asset="")
    send(source, b"hits:1:2|c|#host:web-1,route:/a", b"hits,route=/b:4|c", b"_e{1,1}:a|b")
    assert values(collect(source)) == {
        "web-1 hits{route=/a}": 3,
        "127.0.0.1 hits{route=/b}": 4,
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"no colon", "parse"),
        (b"a:1", "parse"),
        (b"a:|c", "parse"),
        (b"a:12,5|g", "parse"),
        (b"a:1_000|g", "parse"),
        ("a:１２|g".encode(), "parse"),
        (b"a:\xff|g", "parse"),
        (b"a:1|c|@0", "parse"),
        (b"a:1|c|@nan", "parse"),
        (b"a:nan|g", "non_finite"),
        (b"a:1e999|ms", "non_finite"),
        (b"a:-1|c", "negative"),
        (b"a:1|x", "type"),
        (b":1|c", "labels"),
        (b"a\x00:1|c", "labels"),
        (b"a:1|c|#x:1,x:2", "labels"),
        (b"a:1|c|#" + b",".join(b"t%d:1" % n for n in range(65)), "labels"),
        (b"a" * 2000 + b":1|c", "labels"),
    ],
)
def test_a_bad_line_costs_no_other_of_its_packet(make, line, reason):
    source = make()
    send(source, b"before:1|c\n" + line + b"\r\nafter:2|g\n")
    collection = collect(source)
    assert values(collection) == {"shop before": 1, "shop after": 2}
    assert collection.dropped == {reason: 1}


def test_series_beyond_the_bound_are_refused_and_the_known_ones_go_on(make):
    source = make(max_series=2)
    send(source, b"a:1|c\nb:1|c\nc:1|c\na:1|c")
    collection = collect(source)
    assert values(collection) == {"shop a": 2, "shop b": 1}
    assert collection.dropped == {"quota": 1}


def test_who_is_not_allowed_is_not_heard(make):
    source = make(allow=("10.0.0.0/8",))
    send(source, b"a:1|c", allowed=False)
    collection = collect(source)
    assert (values(collection), collection.dropped) == ({}, {"sender": 1})


def test_a_line_without_an_end_costs_only_its_own_connection(make):
    source = make(transport=Transport.TCP)
    with socket.create_connection(("127.0.0.1", source.port)) as bad:
        bad.sendall(b"x" * 20_000)
        with socket.create_connection(("127.0.0.1", source.port)) as good:
            good.sendall(b"a:1|c\n")
            until_heard(source, lines=1, refused=1)
        collection = collect(source)
    assert (values(collection), collection.dropped) == ({"shop a": 1}, {"sender": 1})


def test_two_cannot_listen_on_one_port(make):
    source = make()
    other = PLUGIN.create(StatsdSettings(port=source.port))
    with pytest.raises(Unreachable) as raised:
        collect(other)
    assert raised.value.kind == "in_use"


@pytest.mark.parametrize(
    "wrong",
    [
        {"allow": ()},
        {"allow": ("0.0.0.0/0",)},
        {"allow": ("x",)},
        {"bind": "h"},
        {"quantiles": (1.0,)},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    with pytest.raises(ConfigError):
        PLUGIN.create(StatsdSettings(**wrong))


class _Fed(_Heard):
    """One to whom somebody sends before each collection."""

    def collect(self, cursor, until, deadline):
        if not self.port:
            with pytest.raises(Unreachable):
                super().collect(cursor, until, deadline)
        send(self, b"a:1|c\ng:2|g\nt:3|ms")
        return super().collect(cursor, until, deadline)


def test_it_keeps_the_contract():
    check_collector(
        lambda: _Fed(StatsdSettings(port=0)),
        dead=lambda: PLUGIN.create(StatsdSettings(port=0)),
    )
