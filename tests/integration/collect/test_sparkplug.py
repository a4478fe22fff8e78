"""Sparkplug B through a real mosquitto; the payloads are those of a genuine library, recorded."""

import pytest

from aiops.contracts.errors import ConfigError
from collectors.mqtt import PLUGIN
from collectors.mqtt.payload import BadPayload, Reading
from collectors.mqtt.settings import Encoding, MqttSettings, TopicSettings
from collectors.mqtt.sparkplug import Sparkplug, rebirth
from tests.integration.collect.test_mqtt import arrived, broker, collect, values
from tests.waiting import wait_for

__all__ = ["broker"]
_RULE = TopicSettings("spBv1.0/#", "{node}/{device}", "{key}", encoding=Encoding.SPARKPLUG)
_AT = 1_795_564_800_000
# Written with mqtt-spb-wrapper 2.1.2: Temperature (1, double 41.5, engUnit Cel), Count (2, int32
# -7), Big (3, uint64 2**40), On (4, boolean), Name (5, text); then 1 and 2 by their alias alone.
_BIRTH = bytes.fromhex(
    "0880908280a13412350a0b54656d706572617475726510011880908280a134200a4a120a07656e67556e69741207080c"
    "420343656c690000000000c0444012180a05436f756e7410021880908280a134200350f9ffffff0f12170a03426967"
    "10031880908280a13420085880808080802012110a024f6e10041880908280a134200b700112140a044e616d651005"
    "1880908280a13420"
    "0c7a01781800"
)
_DATA = bytes.fromhex(
    "08e0e48580a1341214100118e0e48580a134200a6900000000002045401211100218e0e48580a134200350f8ffffff0f"
    "1801"
)


def read(state, kind, payload, device="press-1"):
    topic = f"spBv1.0/plant/{kind}/edge-1" + (f"/{device}" if device else "")
    return list(state.read(_RULE, topic, payload))


def told(found):
    return {one.metric: one.value for one in found if isinstance(one, Reading)}


def test_a_birth_tells_names_units_and_signs():
    found = read(Sparkplug(), "DBIRTH", _BIRTH)
    assert told(found) == {
        "device.online": 1.0,
        "Temperature": 41.5,
        "Count": -7.0,
        "Big": float(2**40),
        "On": 1.0,
    }
    assert {one.asset for one in found} == {"edge-1/press-1"}
    by_metric = {one.metric: one for one in found}
    assert by_metric["Temperature"].unit == "Cel"
    assert by_metric["Temperature"].time == _AT * 1_000_000


def test_data_under_an_alias_means_what_the_birth_said():
    state = Sparkplug()
    read(state, "DBIRTH", _BIRTH)
    assert told(read(state, "DDATA", _DATA)) == {"Temperature": 42.25, "Count": -8.0}


def test_data_before_any_birth_asks_for_one_and_costs_nothing_else():
    state = Sparkplug()
    found = read(state, "DDATA", _DATA)
    assert [str(one) for one in found] == ["alias", "alias"]
    assert state.unknown == {("plant", "edge-1")}
    read(state, "DBIRTH", _BIRTH)
    assert state.unknown == set()


def test_a_new_birth_of_the_node_forgets_the_aliases_of_the_old_one():
    state = Sparkplug()
    read(state, "DBIRTH", _BIRTH)
    read(state, "NBIRTH", b"", device="")
    assert [str(one) for one in read(state, "DDATA", _DATA)] == ["alias", "alias"]


def test_the_death_of_a_node_is_that_of_its_devices():
    state = Sparkplug()
    read(state, "NBIRTH", b"", device="")
    read(state, "DBIRTH", _BIRTH)
    found = read(state, "NDEATH", b"", device="")
    assert [(one.asset, one.metric, one.value) for one in found] == [
        ("edge-1", "device.online", 0.0),
        ("edge-1/press-1", "device.online", 0.0),
    ]
    (one,) = read(state, "DDEATH", b"")
    assert one.asset == "edge-1/press-1"


@pytest.mark.parametrize("payload", [b"\xff\xff\xff", b"<html>", b'{"a": 1}'])
def test_what_is_no_payload_is_refused_as_a_whole(payload):
    with pytest.raises(BadPayload):
        read(Sparkplug(), "DDATA", payload)


def test_commands_and_states_are_passed_over():
    assert read(Sparkplug(), "NCMD", rebirth(), device="") == []
    assert list(Sparkplug().read(_RULE, "spBv1.0/STATE/host/x", b"{}")) == []
    with pytest.raises(BadPayload):
        list(Sparkplug().read(_RULE, "other/plant/DDATA/x", b""))


def test_through_a_broker_it_asks_an_unknown_node_and_then_understands(broker):
    source = PLUGIN.create(
        MqttSettings("127.0.0.1", "aiops", (_RULE,), port=broker.port, session_seconds=60)
    )
    try:
        first = collect(source)
        topic = "spBv1.0/plant/{}/edge-1/press-1"
        broker.send((topic.format("DDATA"), _DATA))

        def asked():
            collection = collect(source, first.cursor)
            return collection if collection.dropped else None

        collection = wait_for(asked, every=0.02)
        assert collection.dropped == {"alias": 2}
        broker.send((topic.format("DBIRTH"), _BIRTH), (topic.format("DDATA"), b"\xff"))
        found = arrived(source, 5, collection.cursor)
        assert ("edge-1/press-1 Temperature", 41.5) in values(found)
        units = {metric.name: metric.unit for metric in source.discover().metrics}
        assert units["Temperature"] == "Cel"
        limits = {limit.metric: limit.fail for limit in source.discover().limits}
        assert limits == {"device.online": 0.0}
    finally:
        source.close()


def test_the_node_is_asked_once_a_minute_and_not_at_all_when_that_is_off():
    class Recording:
        def __init__(self):
            self.sent = []

        def publish(self, topic, payload):
            self.sent.append((topic, payload))

    for on, count in ((True, 1), (False, 0)):
        source = PLUGIN.create(MqttSettings("h", "aiops", (_RULE,), rebirth=on))
        source._sparkplug.unknown.add(("plant", "edge-1"))
        session = Recording()
        source._ask_births(session)
        source._ask_births(session)
        assert len(session.sent) == count
        assert all(topic == "spBv1.0/plant/NCMD/edge-1" for topic, _ in session.sent)


@pytest.mark.parametrize(
    "rule",
    [
        TopicSettings("plant/#", "a", "{key}", encoding=Encoding.SPARKPLUG),
        TopicSettings("spBv1.0/#", "a", "same", encoding=Encoding.SPARKPLUG),
    ],
)
def test_a_rule_that_can_never_work_is_refused(rule):
    with pytest.raises(ConfigError):
        PLUGIN.create(MqttSettings("h", "aiops", (rule,)))
