"""The real ipmitool and OpenIPMI's simulator of a management controller."""

import os
import shutil
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.metric import Direction
from aiops.testing.collector import check_collector
from collectors._hardware import FAN, VOLTAGE
from collectors.ipmi import PLUGIN
from collectors.ipmi.sensors import METRICS, Sensor, read_lines
from collectors.ipmi.settings import IpmiSettings
from tests.contract.collect.test_collectors import _table
from tests.integration.collect.processes import running
from tests.ports import free_port
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=60)
_LAN = """
name "bmc1"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "ipmiusr" "hunter2" admin 10 none md2 md5 straight
"""
_STATES = "000111111000000"
# A temperature sensor "CPU Temp" with six thresholds. Source: OpenIPMI's lanserv manual pages.
_CONTROLLER = f"""mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
sensor_add 0x20 0 1 0x01 0x01
sensor_set_value 0x20 0 1 60 0
sensor_set_threshold 0x20 0 1 settable 111111 95 85 75 20 10 5
main_sdr_add 0x20 0x00 0x00 0x51 0x01 0x33 0x20 0x00 0x01 0x07 0x01 0x7f 0x68 0x01 0x01 0x80 0x7a \
0x80 0x7a 0x3f 0x3f 0x00 0x01 0x00 0x00 0x01 0x00 0x00 0x00 0x00 0x00 0x00 0x3c 0x50 0x20 0xff \
0x00 0x5f 0x55 0x4b 0x00 0x00 0x00 0x02 0x02 0x00 0x00 0x00 0xc8 0x43 0x50 0x55 0x20 0x54 0x65 \
0x6d 0x70
sensor_set_event_support 0x20 0 1 enable scanning per-state {" ".join([_STATES] * 4)}
mc_enable 0x20
"""


def find(name):
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin")


@pytest.fixture(scope="module")
def controller(tmp_path_factory):
    """The port of a controller, and how to give its simulator a command."""
    simulator, tool = find("ipmi_sim"), find("ipmitool")
    if simulator is None or tool is None:
        pytest.skip("not run: no ipmi_sim or ipmitool here (scripts/servers.sh)")
    place = tmp_path_factory.mktemp("ipmi")
    port = free_port(socket.SOCK_DGRAM)
    (place / "lan.conf").write_text(_LAN.format(port=port))
    (place / "bmc.emu").write_text(_CONTROLLER)
    (place / "state").mkdir()
    read, write = os.pipe()
    command = [simulator, "-c", "lan.conf", "-f", "bmc.emu", "-s", "state"]

    def ready():
        taken = psutil.net_connections("udp4")
        return any(one.laddr and one.laddr.port == port for one in taken)

    def order(text):
        os.write(write, f"{text}\n".encode())

    def told():
        with suppress(Unreachable):
            return collect(make(port))[0]

    with running(command, ready, cwd=place, stdin=read):
        wait_for(told)
        yield port, order
    os.close(read)
    os.close(write)


def make(port, asset="web-1", **more):
    told = {"username": "ipmiusr", "password": Secret("hunter2"), "cipher": 3, "timeout_seconds": 5}
    return PLUGIN.create(
        IpmiSettings(**{"targets": (f"{asset}=127.0.0.1:{port}",), **told, **more})
    )


def collect(collector):
    collection = collector.collect({}, datetime.now(UTC), _DEADLINE)
    batch = collection.batch
    pairs = zip(batch.rows, batch.values, strict=True)
    return {batch.series[row].text: value for row, value in pairs}, collection.dropped


def test_a_controller_tells_its_sensors_and_their_thresholds(controller):
    port, order = controller
    source = make(port)
    cool = {"web-1/temperature:CPU Temp hw.temperature": 60.0}, {}
    assert collect(source) == cool
    (limit,) = source.discover().limits
    assert (limit.direction, limit.fail, limit.warn) == (Direction.UP, 85.0, 75.0)
    order("sensor_set_value 0x20 0 1 97 1")
    try:
        # The second collection reads without thresholds, and they stay known.
        warmer = wait_for(lambda: found if (found := collect(source)) != cool else None)
        assert warmer == ({"web-1/temperature:CPU Temp hw.temperature": 97.0}, {})
        assert source.discover().limits == (limit,)
    finally:
        order("sensor_set_value 0x20 0 1 60 1")
        wait_for(lambda: collect(source) == cool)


def test_a_controller_that_is_not_there_costs_no_other(controller):
    port, _ = controller
    dead = free_port(socket.SOCK_DGRAM)
    targets = (f"dead=127.0.0.1:{dead}", f"web-1=127.0.0.1:{port}")
    found, dropped = collect(make(port, targets=targets, timeout_seconds=2))
    assert (len(found), dropped) == (1, {"session": 1})


def test_a_wrong_password_is_told_and_never_shown(controller):
    port, _ = controller
    with pytest.raises(Unreachable) as raised:
        collect(make(port, password=Secret("s3cret"), timeout_seconds=1))
    assert raised.value.kind in {"auth", "session"}
    assert "s3cret" not in str(raised.value)


def test_it_keeps_the_contract(controller):
    port, _ = controller
    check_collector(
        lambda: make(port), dead=lambda: make(free_port(socket.SOCK_DGRAM), timeout_seconds=1)
    )


def test_the_password_is_in_no_list_of_processes(tmp_path):
    program = tmp_path / "ipmitool"
    seen = tmp_path / "seen"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {seen}\necho "$IPMI_PASSWORD" >> {seen}\necho "A,1,RPM,ok"\n'
    )
    program.chmod(0o755)
    source = make(623, program=str(program))
    with pytest.raises(Unreachable):
        collect(source)
    arguments, password = seen.read_text().splitlines()
    assert "hunter2" not in arguments
    assert password == "hunter2"


def test_without_the_program_it_is_told():
    with pytest.raises(Unreachable) as raised:
        collect(make(623, program="/nowhere/ipmitool"))
    assert raised.value.kind == "no_program"


def limit(sensor):
    told = sensor.told
    below = sensor.metric in (FAN, VOLTAGE)
    return (told.lower_fail, told.lower_warn) if below else (told.upper_fail, told.upper_warn)


def test_lines_as_real_controllers_print_them():
    text = """CPU Temp,45.000,degrees C,ok,0.000,0.000,0.000,85.000,90.000,95.000
FAN 1,na,RPM,na,300.000,500.000,700.000,25300.000,25400.000,25500.000
FAN 2,3600.000,RPM,ok,300.000,500.000,700.000,na,na,na
12V, rail A,11.989,Volts,ok,10.299,10.740,10.929,12.945,13.260,13.386
Inlet,77.000,degrees F,ok,na,na,na,na,na,na
PS1 Status,0x1,discrete,0x0100,na,na,na,na,na,na
Airflow,30.000,CFM,ok,na,na,na,na,na,na
Pwr,nan,Watts,ok,na,na,na,na,na,300.000
Pwr 2,120.000,Watts,ok,na,na,na,na,na,300.000
,1.000,Watts,ok,na,na,na,na,na,na
nonsense
"""
    found = list(read_lines(text, limits=True))
    sensors = {one.name: one for one in found if isinstance(one, Sensor)}
    assert [one for one in found if isinstance(one, str)] == ["unit", "parse", "parse", "parse"]
    told = {name: (one.value, *limit(one)) for name, one in sensors.items()}
    assert told == {
        "CPU Temp": (45.0, 90.0, 85.0),
        "FAN 2": (3600.0, 500.0, 700.0),
        "12V, rail A": (11.989, 10.74, 10.929),
        "Inlet": (pytest.approx(25.0), None, None),
        "Pwr 2": (120.0, 300.0, None),
    }
    (short,) = read_lines("CPU Temp,45,degrees C,ok\nB,no reading,RPM,ns\n", limits=False)
    assert isinstance(short, Sensor)
    assert (short.value, limit(short)) == (45.0, (None, None))


def test_the_table_names_every_metric():
    told = [(row["metric"], row["unit"], row["bad_direction"]) for row in _table("ipmi")]
    assert told == [(one.name, one.unit, one.bad_direction) for one in METRICS]


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": ()},
        {"targets": ("http://h",)},
        {"targets": ("=h",)},
        {"targets": ("h:0",)},
        {"targets": ("-H",)},
        {"targets": ("169.254.169.254",)},
        {"targets": ("a=h", "a=i")},
        {"username": ""},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    with pytest.raises(ConfigError):
        make(623, **wrong)
