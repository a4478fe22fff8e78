"""Two hundred and fifty SNMP agents read in one round, over the library's own walk."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from aiops import plugins
from aiops.bench.measure import Figure, NotRun, cpu_of
from aiops.contracts.collector import Collector
from aiops.contracts.errors import PluginError, Unreachable

_AGENTS: Final = 250
_ROUNDS: Final = 3
_DEADLINE: Final = timedelta(minutes=5)
_TIMEOUT_SECONDS: Final = 20.0
"""Fifty agents are one process here: on a busy machine its answers come late."""
_REPETITIONS: Final = 25
_OF_ONE: Final = 50
"""More addresses than some hundred are cut off in net-snmp's configuration."""
_INTERVAL_SECONDS: Final = 60.0
_START_SECONDS: Final = 20.0
_Place = tuple[str, int]
_ROOT: Final = "1.3.6.1"
_ANSWERED: Final = "1.3.6.1.2.1.11.13.0"
"""How many values an agent has been asked for. Source: RFC 3418, snmpInTotalReqVars."""
# Uptime, the agent's own counters, interfaces with 64 bits, memory and load: some 40 values.
_SHOWN: Final = (
    "1.3.6.1.2.1.1.3",
    "1.3.6.1.2.1.11",
    "1.3.6.1.2.1.31.1.1.1",
    "1.3.6.1.4.1.2021.4",
    "1.3.6.1.4.1.2021.10.1.3",
)


def measure(_series: int, _points: int, folder: Path) -> list[Figure]:
    """Each round asks every agent; the agents count the values that they answer.

    Raises:
        NotRun: There is no net-snmp here, or no pysnmp.
    """
    program = shutil.which("snmpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise NotRun("no snmpd here: install net-snmp")
    try:
        plugin = plugins.load("collectors", "snmp")
        import pysnmp  # noqa: F401  # told here, before anything is started
    except (ImportError, PluginError) as error:
        raise NotRun(f"{error}: install 'aiops[snmp]'") from error
    hosts = [f"127.0.1.{n}" for n in range(1, _AGENTS + 1)]
    with _agents(program, folder, hosts) as port:
        targets = tuple(f"{host}:{port}" for host in hosts)
        settings = plugin.settings(targets=targets, timeout_seconds=_TIMEOUT_SECONDS)
        collector = cast("Collector", plugins.create("collectors", "snmp", settings))
        wall: list[float] = []
        used: list[float] = []

        def collect() -> None:
            begin, cpu = time.monotonic(), time.process_time()
            found = collector.collect({}, datetime.now(UTC), _DEADLINE)
            wall.append(time.monotonic() - begin)
            used.append(time.process_time() - cpu)
            if found.dropped:
                raise PluginError(f"snmp: {dict(found.dropped)}")

        places = [(host, port) for host in hosts[::_OF_ONE]]
        try:
            collect()  # the first round also asks for names and neighbours
            turns = [
                (_cost(collect, places), _cost(lambda: _walk(hosts, port), places))
                for _ in range(_ROUNDS)
            ]
        finally:
            collector.close()
    mine, floor = (float(np.median(costs)) for costs in zip(*turns, strict=True))
    cpu, took = float(np.median(used[1:])), float(np.median(wall[1:]))
    work = (
        f"1,000 values of {_AGENTS} agents, asked and made samples of; a round takes {cpu:.1f} s "
        f"of CPU and {took:.0f} s (wall) of its {_INTERVAL_SECONDS:.0f}"
    )
    return [Figure("snmp.thousand_values", work, mine, "pysnmp's own bulk walk of as many", floor)]


def _cost(work: Callable[[], object], places: list[_Place]) -> float:
    """Returns the CPU seconds of this process for a thousand values that were answered."""
    before = _answered(places)
    used = cpu_of(work)
    return used / (_answered(places) - before) * 1000


@contextmanager
def _agents(program: str, folder: Path, hosts: list[str]) -> Iterator[int]:
    """A few net-snmp, each at many addresses of the loopback, every one an agent to us."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((hosts[0], 0))
        port: int = free.getsockname()[1]
    with ExitStack() as running:
        for at in range(0, len(hosts), _OF_ONE):
            place = folder / str(at)
            place.mkdir()
            some = hosts[at : at + _OF_ONE]
            running.callback(_end, _start(program, place, some, port))
            _await_agent((some[0], port))
        yield port


def _start(program: str, folder: Path, hosts: list[str], port: int) -> subprocess.Popen[bytes]:
    config = folder / "snmpd.conf"
    config.write_text(
        f"agentaddress {','.join(f'udp:{host}:{port}' for host in hosts)}\n"
        + "".join(f"view shown included .{oid}\n" for oid in _SHOWN)
        + "rocommunity public 127.0.0.0/8 -V shown\n"
    )
    return subprocess.Popen(  # noqa: S603  # found by its name, with a configuration of ours
        [program, "-f", "-Lo", "-C", "-c", str(config), "-I", "-smux,mteTrigger,mteTriggerConf"],
        env={**os.environ, "SNMP_PERSISTENT_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(60)


def _await_agent(place: _Place) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            _answered([place])
        except Unreachable:
            continue
        return
    raise NotRun(f"snmpd does not answer at {place[0]}")


def _answered(places: list[_Place]) -> int:
    """Returns how many values the net-snmp at these addresses have been asked for."""

    async def ask(place: _Place) -> int:
        from pysnmp.hlapi.v3arch import asyncio as snmp

        engine = snmp.SnmpEngine()
        try:
            error, _, _, values = await snmp.get_cmd(
                engine,
                *await _asked(place, timeout=1.0),
                snmp.ObjectType(snmp.ObjectIdentity(_ANSWERED)),
                lookupMib=False,
            )
        finally:
            engine.close_dispatcher()
        if error:
            raise Unreachable(f"{place[0]}: {error}", "timeout")
        return int(values[0][1])

    return sum(asyncio.run(ask(place)) for place in places)


def _walk(hosts: list[str], port: int) -> None:
    """Reads all that the agents show, at once, and throws it away."""
    from pysnmp.hlapi.v3arch import asyncio as snmp

    async def one(engine: Any, place: _Place) -> None:
        walked = snmp.bulk_walk_cmd(
            engine,
            *await _asked(place, timeout=_TIMEOUT_SECONDS),
            0,
            _REPETITIONS,
            snmp.ObjectType(snmp.ObjectIdentity(_ROOT)),
            lookupMib=False,
        )
        async for error, _, _, _ in walked:
            if error:
                raise Unreachable(f"{place[0]}: {error}", "timeout")

    async def every() -> None:
        engine = snmp.SnmpEngine()
        try:
            for at in range(0, len(hosts), _OF_ONE):
                some = hosts[at : at + _OF_ONE]
                await asyncio.gather(*(one(engine, (host, port)) for host in some))
        finally:
            engine.close_dispatcher()

    asyncio.run(every())


async def _asked(place: _Place, timeout: float) -> tuple[Any, ...]:  # noqa: ASYNC109  # of each answer
    from pysnmp.hlapi.v3arch import asyncio as snmp

    target = await snmp.UdpTransportTarget.create(place, timeout=timeout, retries=0)
    who = snmp.CommunityData("public", mpModel=1)  # noqa: S508  # our own agents, on the loopback
    return who, target, snmp.ContextData()
