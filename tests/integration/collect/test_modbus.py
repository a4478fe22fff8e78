"""Registers of pymodbus's own simulator server."""

import asyncio
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.metric import Direction, MetricKind
from aiops.testing.collector import check_collector
from collectors.modbus import PLUGIN
from collectors.modbus.blocks import plan
from collectors.modbus.settings import (
    DeviceSettings,
    Encoding,
    ModbusSettings,
    RegisterSettings,
    Table,
    WordOrder,
)
from tests.integration.collect.processes import answers
from tests.ports import free_port
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=60)
_REGISTERS = [
    SimData(0, values=[235, 0xFFF6, 0x8000], datatype=DataType.REGISTERS),
    SimData(10, values=[0x0001, 0x86A0], datatype=DataType.REGISTERS),  # 100000, high first
    SimData(12, values=[0x86A0, 0x0001], datatype=DataType.REGISTERS),  # and low first
    SimData(14, values=41.5, datatype=DataType.FLOAT32),
    SimData(16, values=float("nan"), datatype=DataType.FLOAT32),
]


@contextmanager
def serving(*devices: SimDevice):
    """A real server in a thread; yields its port."""
    port, loop = free_port(), asyncio.new_event_loop()

    async def start():
        server = ModbusTcpServer(list(devices), address=("127.0.0.1", port))
        await server.serve_forever(background=True)
        return server

    server = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    wait_for(lambda: answers(port), every=0.02)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(server.shutdown(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


@pytest.fixture(scope="module")
def server():
    bits = [SimData(0, values=[True, False], datatype=DataType.BITS)]
    some = [SimData(0, values=[7], datatype=DataType.REGISTERS)]
    with serving(
        SimDevice(1, simdata=_REGISTERS),
        SimDevice(2, simdata=some),
        SimDevice(3, simdata=(bits, bits, some, some)),
    ) as port:
        yield port


def make(port, *registers, units=(1,), **more):
    devices = tuple(DeviceSettings(f"d-{unit}", "127.0.0.1", port, unit) for unit in units)
    told = {"timeout_seconds": 10.0, "retries": 0, **more}
    return PLUGIN.create(ModbusSettings(devices, registers, **told))


def collect(collector):
    collection = collector.collect({}, datetime.now(UTC), _DEADLINE)
    batch = collection.batch
    pairs = zip(batch.rows, batch.values, strict=True)
    return {batch.series[row].text: value for row, value in pairs}, collection.dropped


_TEMPERATURE = RegisterSettings(
    "t", 0, encoding=Encoding.INT16, scale=0.1, unit="Cel", bad_direction=Direction.UP, fail=90.0
)


def test_numbers_have_their_type_order_scale_and_sign(server):
    found, dropped = collect(
        make(
            server,
            _TEMPERATURE,
            RegisterSettings("below", 1, encoding=Encoding.INT16, scale=0.5, offset=100.0),
            RegisterSettings("big", 10, encoding=Encoding.UINT32, kind=MetricKind.COUNTER),
            RegisterSettings("little", 12, encoding=Encoding.UINT32, word_order=WordOrder.LITTLE),
            RegisterSettings("float", 14, encoding=Encoding.FLOAT32),
        )
    )
    assert found == {
        "d-1 t": pytest.approx(23.5),
        "d-1 below": 95.0,
        "d-1 big": 100_000,
        "d-1 little": 100_000,
        "d-1 float": 41.5,
    }
    assert dropped == {}


def test_what_the_device_calls_none_is_absent_and_not_zero(server):
    none = RegisterSettings("none", 2, encoding=Encoding.INT16, absent=-32768)
    nan = RegisterSettings("nan", 16, encoding=Encoding.FLOAT32)
    found, dropped = collect(make(server, _TEMPERATURE, none, nan))
    assert found.keys() == {"d-1 t"}
    assert dropped == {"non_finite": 1}


def test_a_register_the_device_lacks_costs_none_of_its_neighbours(server):
    lacking = [RegisterSettings(f"x{n}", n) for n in range(1, 6)]
    found, dropped = collect(make(server, _TEMPERATURE, *lacking))
    assert found.keys() == {"d-1 t", "d-1 x1", "d-1 x2"}
    assert dropped == {"refused": 3}


def test_coils_are_one_or_zero(server):
    first, second = (RegisterSettings(f"c{n}", n, table=Table.COIL) for n in (0, 1))
    found, _ = collect(make(server, first, second, units=(3,)))
    assert found == {"d-3 c0": 1.0, "d-3 c1": 0.0}


def test_a_unit_and_a_gateway_that_do_not_answer_cost_no_other(server):
    source = make(server, _TEMPERATURE, units=(9, 2), timeout_seconds=2.0)
    found, dropped = collect(source)
    assert found == {"d-2 t": pytest.approx(0.7)}
    assert sum(dropped.values()) == 1
    devices = (
        DeviceSettings("dead", "127.0.0.1", free_port()),
        DeviceSettings("alive", "127.0.0.1", server),
    )
    found, dropped = collect(PLUGIN.create(ModbusSettings(devices, (_TEMPERATURE,))))
    assert (found.keys(), dropped) == ({"alive t"}, {"refused": 1})


def test_only_neighbours_are_read_together_and_never_more_than_a_request_holds():
    registers = [RegisterSettings(f"a{n}", n) for n in range(130)]
    registers.append(RegisterSettings("far", 200, encoding=Encoding.FLOAT64))
    registers.append(RegisterSettings("other", 0, table=Table.INPUT))
    told = [(block.table.value, block.address, block.count) for block in plan(registers)]
    assert told == [("holding", 0, 125), ("holding", 125, 5), ("holding", 200, 4), ("input", 0, 1)]


def test_limits_come_from_the_settings(server):
    source = make(server, _TEMPERATURE)
    collect(source)
    (limit,) = source.discover().limits
    assert (limit.asset, limit.direction, limit.fail) == ("d-1", Direction.UP, 90.0)


def test_it_keeps_the_contract(server):
    check_collector(
        lambda: make(server, _TEMPERATURE), dead=lambda: make(free_port(), _TEMPERATURE)
    )


def test_one_that_never_answers_ends_within_the_deadline():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = make(silent.getsockname()[1], _TEMPERATURE, timeout_seconds=60.0)
        with pytest.raises(Unreachable) as raised:
            source.collect({}, datetime.now(UTC), timedelta(seconds=0.5))
    assert raised.value.kind == "timeout"


@pytest.mark.parametrize(
    ("devices", "registers"),
    [
        ((), (_TEMPERATURE,)),
        ((DeviceSettings("a", "h"),), ()),
        ((DeviceSettings("a", "h"), DeviceSettings("a", "i")), (_TEMPERATURE,)),
        ((DeviceSettings("a", "h"),), (_TEMPERATURE, _TEMPERATURE)),
        ((DeviceSettings("a", "169.254.169.254"),), (_TEMPERATURE,)),
        ((DeviceSettings("a", "http://h"),), (_TEMPERATURE,)),
        ((DeviceSettings("a", "h"),), (RegisterSettings("x", 65_535, encoding=Encoding.INT32),)),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(devices, registers):
    with pytest.raises(ConfigError):
        PLUGIN.create(ModbusSettings(devices, registers))
