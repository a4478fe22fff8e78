"""SNMP agents that answer wrongly, over real datagrams."""

import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

from aiops.contracts.errors import Unreachable
from collectors.snmp import PLUGIN
from collectors.snmp.settings import SnmpSettings

_V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
_UPTIME, _NAME = "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.5.0"
_LOAD = "1.3.6.1.4.1.2021.10.1.3"
_RIGHT = (
    (_UPTIME, _V2C.TimeTicks(100)),
    (_NAME, _V2C.OctetString("box")),
    *((f"{_LOAD}.{n}", _V2C.OctetString(f"{n}.5")) for n in (1, 2, 3)),
)


def right(asked):
    """The values after what was asked, as a right agent tells them."""
    after = [(oid, value) for oid, value in _RIGHT if key(oid) > key(asked)]
    return after or [(asked, _V2C.EndOfMibView())]


def in_circles(asked):
    """The load, and then the load again, for ever."""
    if asked.startswith(_LOAD):
        return [(f"{_LOAD}.{n}", _V2C.OctetString(f"{n}.5")) for n in (1, 2, 3, 1, 2, 3)]
    return right(asked)


def at_a_standstill(asked):
    """The very object that was asked for, for ever."""
    if asked == f"{_LOAD}.3":
        return [(asked, _V2C.OctetString("3.5"))]
    return right(asked)


def without_end(asked):
    """A table of any number of rows."""
    if not asked.startswith(_LOAD):
        return right(asked)
    last = int(asked.rsplit(".", 1)[1]) if asked != _LOAD else 0
    return [(f"{_LOAD}.{n}", _V2C.OctetString("1")) for n in range(last + 1, last + 26)]


def absent(asked):
    """Nothing but words for values that are not there."""
    return [(f"{_LOAD}.1", _V2C.NoSuchObject()), (f"{_LOAD}.2", _V2C.NoSuchInstance())]


def key(oid):
    return tuple(int(part) for part in oid.split("."))


def as_it_is(answer):
    return [answer]


def garbage_first(answer):
    """Lengths of 2**32, without end and negative, then the answer."""
    wrong = (b"\x30\x84\xff\xff\xff\xff\x02", b"\x30\x80\x02\x01\x01", b"\x30\xff", b"\x00")
    return [*wrong, answer]


def garbage_only(answer):
    return [b"\x30\x84\xff\xff\xff\xff\x02", answer[: len(answer) // 2]]


def told_twice(answer):
    """The answer, and late once more: it belongs to no request any longer."""
    return [answer, answer]


@contextmanager
def agent(values, send=as_it_is, number=lambda asked: asked, from_elsewhere=False):
    """A socket that answers every request; yields its address."""
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for each in (own, other):
        each.bind(("127.0.0.1", 0))

    def serve():
        while True:
            data, peer = own.recvfrom(65_535)
            if not data:
                return
            message, _ = decoder.decode(data, asn1Spec=_V2C.Message())
            asked = _V2C.apiMessage.get_pdu(message)
            (binding,) = _V2C.apiPDU.get_varbinds(asked)
            told = _V2C.apiMessage.get_response(message)
            pdu = _V2C.apiMessage.get_pdu(told)
            _V2C.apiPDU.set_request_id(pdu, number(int(_V2C.apiPDU.get_request_id(asked))))
            _V2C.apiPDU.set_varbinds(pdu, values(str(binding[0])))
            for part in send(encoder.encode(told)):
                (other if from_elsewhere else own).sendto(part, peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{own.getsockname()[1]}"
    finally:
        other.sendto(b"", own.getsockname())
        thread.join(60)
        own.close()
        other.close()


def collect(*targets, seconds=0.3, **more):
    source = PLUGIN.create(
        SnmpSettings(targets=targets, timeout_seconds=seconds, retries=0, **more)
    )
    try:
        collection = source.collect({}, datetime.now(UTC), timedelta(seconds=60))
    finally:
        source.close()
    batch = collection.batch
    found = {
        (batch.series[row].asset, batch.series[row].metric): value
        for row, value in zip(batch.rows, batch.values, strict=True)
    }
    return collection, found


def load(found, target):
    return {m: v for (asset, m), v in found.items() if asset == target and "load" in m}


_ALL = {f"system.cpu.load_average.{n}m": v for n, v in ((1, 1.5), (5, 2.5), (15, 3.5))}


@pytest.mark.parametrize("values", [in_circles, at_a_standstill])
def test_a_walk_that_goes_in_circles_ends_and_is_counted(values):  # S2
    with agent(values) as odd, agent(right) as good:
        collection, found = collect(odd, good, seconds=20)
    assert collection.dropped["limit"] >= 1
    assert load(found, odd) == load(found, good) == _ALL


def test_a_table_without_end_is_cut_off_at_the_limit():  # S2
    with agent(without_end) as odd:
        collection, found = collect(odd, seconds=20, max_rows=1_000)
    assert collection.dropped["limit"] >= 1
    assert load(found, odd)


def test_what_is_not_there_is_no_zero():  # S2
    with agent(absent) as odd, agent(right) as good:
        _, found = collect(odd, good, seconds=20)
    assert not load(found, odd)
    assert load(found, good) == _ALL


@pytest.mark.parametrize(
    "how",
    [
        {"number": lambda asked: asked ^ 1},  # another request's number
        {"from_elsewhere": True},
        {"send": garbage_only},  # S4
    ],
)
def test_what_answers_no_question_of_ours_is_no_answer(how):  # S1, S4
    with agent(right, **how) as odd, agent(right) as good:
        collection, found = collect(odd, good)
        assert collection.dropped["timeout"] == 1
        assert ("stranger" in collection.dropped) == ("from_elsewhere" in how)
        assert load(found, good) == _ALL
        with pytest.raises(Unreachable) as alone:
            collect(odd)
    assert alone.value.kind == "timeout"


@pytest.mark.parametrize("send", [garbage_first, told_twice])
def test_garbage_and_repetitions_beside_the_answer_cost_nothing(send):  # S1, S4
    with agent(right, send) as odd:
        collection, found = collect(odd, seconds=20)
    assert not collection.dropped
    assert load(found, odd) == _ALL
