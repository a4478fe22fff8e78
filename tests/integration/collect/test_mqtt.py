"""Messages through a real mosquitto."""

import json
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from paho.mqtt import client as paho
from paho.mqtt import publish

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.testing.collector import check_collector
from collectors.mqtt import PLUGIN
from collectors.mqtt.payload import BadPayload, read_message
from collectors.mqtt.settings import MqttSettings, TopicSettings
from tests.certificates import make_certificates
from tests.integration.collect.processes import answers
from tests.ports import free_port
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=60)
_PLAIN = TopicSettings("plant/+/temperature", "{2}", "hw.temperature", unit="Cel", fail=90.0)
_JSON = TopicSettings("json/#", "{2}", "motor.{key}", value="*", time="t")


class Broker:
    """mosquitto on a port of its own; its memory lies in a file between two starts."""

    def __init__(self, program, directory, more=""):
        self.port = free_port()
        self._program, self._config = program, directory / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\n"
            f"persistence true\npersistence_location {directory}/\n"
            + more
            + ("user root\n" if os.geteuid() == 0 else "")
        )
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [self._program, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: answers(self.port), every=0.02)
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def send(self, *messages):
        told = [
            {"topic": topic, "payload": payload, "qos": 1, "retain": bool(retain)}
            for topic, payload, *retain in messages
        ]
        publish.multiple(told, "127.0.0.1", self.port)


def mosquitto():
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("not run: no mosquitto here (scripts/servers.sh)")
    return program


@pytest.fixture
def broker(tmp_path):
    started = Broker(mosquitto(), tmp_path).start()
    yield started
    started.stop()


@pytest.fixture
def make(broker):
    made = []

    def create(**more):
        told = {"host": "127.0.0.1", "port": broker.port, "client_id": "aiops"}
        collector = PLUGIN.create(MqttSettings(**{**told, "topics": (_PLAIN, _JSON), **more}))
        made.append(collector)
        return collector

    yield create
    for collector in made:
        collector.close()


def collect(collector, cursor=None):
    return collector.collect(cursor or {}, datetime.now(UTC), _DEADLINE)


def values(collection):
    batch = collection.batch
    return [
        (batch.series[row].text, value) for row, value in zip(batch.rows, batch.values, strict=True)
    ]


def arrived(collector, count, cursor=None):
    """Collects until so many samples are there, without saying that they are durable."""

    def enough():
        collection = collect(collector, cursor)
        return collection if len(collection.batch) >= count else None

    return wait_for(enough, every=0.02)


def failure(collector, kind, deadline, meanwhile=lambda: None):
    """Collects until it fails in that way, and returns the words."""

    def failed():
        meanwhile()
        try:
            collector.collect({}, datetime.now(UTC), deadline)
        except Unreachable as error:
            return str(error) if error.kind in kind else None

    return wait_for(failed, every=0.02)


def test_what_is_not_durable_is_offered_again_and_what_is_never(broker, make):
    source = make()
    first = collect(source)
    broker.send(("plant/press-1/temperature", "41.5"))
    offered = arrived(source, 1, first.cursor)
    assert values(offered) == [("press-1 hw.temperature", 41.5)]
    again = collect(source, first.cursor)  # the store was down: the old cursor
    assert values(again) == values(offered)
    assert not len(collect(source, again.cursor).batch)
    source.close()
    assert not len(collect(make(), again.cursor).batch)


def test_messages_wait_at_the_broker_while_nobody_listens(broker, make):
    source = make()
    collect(source)
    broker.send(("plant/press-1/temperature", "1"))
    arrived(source, 1)
    source.close()  # one that was never acknowledged
    broker.send(*[("plant/press-1/temperature", str(n)) for n in range(2, 102)])
    found = values(arrived(make(), 101))
    assert [value for _, value in found] == [float(n) for n in range(1, 102)]


def test_a_restart_of_the_broker_loses_nothing(broker, make):
    source = make()
    collect(source)
    broker.stop()
    failure(source, "gone or refused", timedelta(seconds=0.1))
    broker.start()
    broker.send(("plant/press-1/temperature", "7"))
    assert values(arrived(source, 1)) == [("press-1 hw.temperature", 7.0)]


def test_own_times_are_kept_and_poison_is_counted_and_not_seen_again(broker, make):
    source = make()
    first = collect(source)
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)
    broker.send(
        ("json/m-1", json.dumps({"t": at.isoformat(), "speed": 3, "name": "x"})),
        ("json/m-1", '{"speed": 1}'),
        ("plant/a/temperature", "12,5"),
        ("plant/a/temperature", "[1]"),
        ("plant/a/temperature", b"\xff\xfe"),
        ("plant/a/temperature", ""),
        ("plant/a/temperature", "20"),
    )
    collection = arrived(source, 2, first.cursor)
    batch = collection.batch
    assert values(collection) == [("m-1 motor.speed", 3.0), ("a hw.temperature", 20.0)]
    assert batch.times[0] == int(at.timestamp()) * 10**9
    assert collection.dropped == {"payload": 4}
    assert not collect(source, collection.cursor).dropped
    assert source.discover().limits[0].fail == 90


def test_a_retained_message_is_no_sample_of_now(broker, make):
    broker.send(("plant/old/temperature", "99", True))
    source = make(topics=(_PLAIN,))
    first = collect(source)
    broker.send(("plant/new/temperature", "1"))
    assert values(arrived(source, 1, first.cursor)) == [("new hw.temperature", 1.0)]


def test_a_message_too_long_is_never_sent_to_us(broker, make):
    source = make(max_payload_bytes=1000)
    first = collect(source)
    broker.send(("plant/a/temperature", "1" * 200_000), ("plant/a/temperature", "2"))
    assert [value for _, value in values(arrived(source, 1, first.cursor))] == [2.0]


def test_after_three_take_overs_it_stops_and_says_why(broker, make):
    source = make()
    collect(source)
    other = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="aiops", protocol=5)

    def take_over():
        other.connect("127.0.0.1", broker.port)
        other.loop(0.1)

    assert failure(source, "in_use", timedelta(seconds=2), take_over).startswith("127.0.0.1:")
    other.disconnect()


# paho leaves the socket of a handshake that failed to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("ends", "words"), [(timedelta(hours=-1), "certificate has expired"), (timedelta(days=1), "")]
)
def test_an_expired_certificate_of_the_broker_is_told(tmp_path, ends, words):  # M4
    files = make_certificates(tmp_path, ends=ends)
    more = f"certfile {files['cert']}\nkeyfile {files['key']}\n"
    broker = Broker(mosquitto(), tmp_path, more).start()
    told = {"host": "127.0.0.1", "port": broker.port, "client_id": "x", "topics": (_PLAIN,)}
    collector = PLUGIN.create(MqttSettings(tls=True, ca_file=files["ca"], **told))
    try:
        if words:
            assert words in failure(collector, "tls", timedelta(seconds=5))
        else:
            assert not len(collect(collector).batch)  # with a good one the same broker is heard
    finally:
        collector.close()
        broker.stop()


def test_it_keeps_the_contract_without_a_broker():
    def dead():
        told = {"host": "127.0.0.1", "port": 9, "client_id": "x", "topics": (_PLAIN,)}
        return PLUGIN.create(MqttSettings(**told))

    collector = dead()
    try:
        failure(collector, "refused", timedelta(seconds=0.3))
    finally:
        collector.close()


def test_it_keeps_the_contract(broker, make):
    def sending():
        collector = make(client_id=f"c{time.monotonic_ns()}")
        collect(collector)
        broker.send(("plant/a/temperature", "1"))
        arrived(collector, 1)  # and it is offered again, for nobody said that it is durable
        return collector

    check_collector(sending)


@pytest.mark.parametrize(
    ("topic", "asset"),
    [("a/b#", "x"), ("a/#/b", "x"), ("", "x"), ("$SYS/#", "x"), ("a/+", "{3}"), ("a", "{key}")],
)
def test_rules_that_can_never_work_are_refused_at_once(topic, asset):
    rule = TopicSettings(topic, asset, "m")
    with pytest.raises(ConfigError, match="topics"):
        PLUGIN.create(MqttSettings("localhost", "x", (rule,)))


def test_a_metadata_address_is_no_broker():
    with pytest.raises(ConfigError, match="never visited"):
        PLUGIN.create(MqttSettings("169.254.169.254", "x", (_PLAIN,)))


@pytest.mark.parametrize("payload", [b"NaN", b'"1"', b"{}", b"null", b"1e999", b"[[" * 10_000])
def test_payloads_that_are_no_numbers(payload):
    with pytest.raises(BadPayload):
        list(read_message(_PLAIN, "plant/a/temperature", payload))
