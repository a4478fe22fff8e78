"""What is made of an agent's tables: assets, numbers, limits.

Source: RFC 2863 (IF-MIB), RFC 2790 (HOST-RESOURCES-MIB), UCD-SNMP-MIB.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Metric, MetricKind
from collectors.snmp import sensors
from collectors.snmp.reading import Reading
from collectors.snmp.sensors import read_sensors, read_ups
from collectors.snmp.walk import Answers, Index

_UP: Final = Direction.UP


def _counter(name: str, unit: str, bad: Direction) -> Metric:
    return Metric(name, unit, MetricKind.COUNTER, bad, floor=0.0)


def _share(name: str) -> Metric:
    return Metric(name, "1", bad_direction=_UP, floor=0.0, ceiling=1.0)


UPTIME: Final = Metric("system.uptime", "s", floor=0.0)
LINK: Final = Metric("hw.network.up", "1", bad_direction=Direction.DOWN, floor=0.0, ceiling=1.0)
NETWORK_IO: Final = _counter("system.network.io", "By", Direction.BOTH)
ERRORS: Final = _counter("system.network.errors", "{error}", _UP)
DROPPED: Final = _counter("system.network.packet.dropped", "{packet}", _UP)
VOLUME: Final = _share("system.filesystem.utilization")
VOLUME_USAGE: Final = Metric("system.filesystem.usage", "By", bad_direction=_UP, floor=0.0)
MEMORY: Final = _share("system.memory.utilization")
SWAP: Final = _share("system.paging.utilization")
LOADS: Final = tuple(
    Metric(f"system.cpu.load_average.{n}m", "{thread}", bad_direction=_UP, floor=0.0)
    for n in (1, 5, 15)
)
METRICS: Final = (
    UPTIME, LINK, NETWORK_IO, ERRORS, DROPPED, VOLUME, VOLUME_USAGE, MEMORY, SWAP, *LOADS,
    *sensors.METRICS,
)  # fmt: skip

_SYSTEM, _IF, _IFX = "1.3.6.1.2.1.1.3", "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
_STORAGE, _MEMORY, _LOAD = "1.3.6.1.2.1.25.2.3.1", "1.3.6.1.4.1.2021.4", "1.3.6.1.4.1.2021.10.1.3"
TABLES: Final = (_SYSTEM, _IF, _IFX, _STORAGE, _MEMORY, _LOAD, *sensors.TABLES)
_FIXED_DISK: Final = "1.3.6.1.2.1.25.2.1.4"
_LOOPBACK: Final = 24
_ACTIVE: Final = 1
_WRAP: Final = 2.0**32
# Pseudo file systems that some agents list as fixed disks.
_NO_VOLUME: Final = ("/proc", "/sys", "/dev", "/run", "/snap")
_RECEIVE: Final = (("network.io.direction", "receive"),)
_TRANSMIT: Final = (("network.io.direction", "transmit"),)
_COUNTERS: Final = (
    (ERRORS, f"{_IF}.14", _RECEIVE),
    (ERRORS, f"{_IF}.20", _TRANSMIT),
    (DROPPED, f"{_IF}.13", _RECEIVE),
    (DROPPED, f"{_IF}.19", _TRANSMIT),
)
_OCTETS: Final = (
    (f"{_IFX}.6", f"{_IF}.10", _RECEIVE),
    (f"{_IFX}.10", f"{_IF}.16", _TRANSMIT),
)


def read(host: str, answers: Answers, skip: tuple[str, ...]) -> Iterator[Reading]:
    """Yields every number of an agent that means something here."""
    whole = Asset(host)
    ticks = answers.number(_SYSTEM)
    if ticks is not None:
        yield Reading(whole, UPTIME, ticks / 100)
    yield from _loads(whole, answers)
    yield from _memory(whole, answers)
    yield from _volumes(whole, answers)
    yield from _interfaces(whole, answers, skip)
    yield from read_sensors(whole, answers)
    yield from read_ups(whole, answers)


@dataclass(slots=True)
class Wraps:
    """Keeps counters of 32 bit growing over their end.

    A counter that fell while the agent ran on has wrapped, once an interval at most; when the
    agent was started anew it begins at zero, and that is seen as a reset.
    """

    last: dict[object, float]
    added: dict[object, float]
    uptime: dict[str, float]

    def restarted(self, host: str, uptime: float | None) -> None:
        """Takes note of an agent's uptime and forgets its counters when it went back."""
        if uptime is not None and uptime < self.uptime.get(host, 0.0):
            for known in (self.last, self.added):
                for key in [k for k in known if isinstance(k, tuple) and k[0] == host]:
                    del known[key]
        self.uptime[host] = uptime or 0.0

    def grown(self, key: tuple[str, object], value: float) -> float:
        """Returns the counter with its wraps."""
        if value < self.last.get(key, 0.0):
            self.added[key] = self.added.get(key, 0.0) + _WRAP
        self.last[key] = value
        return value + self.added.get(key, 0.0)


def uptime_of(answers: Answers) -> float | None:
    """Returns how long the agent has been running, in hundredths of a second."""
    return answers.number(_SYSTEM)


def _loads(whole: Asset, answers: Answers) -> Iterator[Reading]:
    for place, metric in enumerate(LOADS, 1):
        value = answers.number(_LOAD, (place,))
        if value is not None:
            yield Reading(whole, metric, value)


def _memory(whole: Asset, answers: Answers) -> Iterator[Reading]:
    total, free = answers.number(f"{_MEMORY}.5"), answers.number(f"{_MEMORY}.6")
    if total and free is not None:
        spare = [answers.number(f"{_MEMORY}.{n}") or 0.0 for n in (14, 15)]
        used = 1 - min((free + sum(spare)) / total, 1.0)
        yield Reading(whole, MEMORY, used, fail=1.0, warn=0.95)
    total, free = answers.number(f"{_MEMORY}.3"), answers.number(f"{_MEMORY}.4")
    if total and free is not None:
        yield Reading(whole, SWAP, 1 - min(free / total, 1.0), fail=1.0, warn=0.9)


def _volumes(whole: Asset, answers: Answers) -> Iterator[Reading]:
    for index, kind in answers.column(f"{_STORAGE}.2").items():
        name = str(answers.column(f"{_STORAGE}.3").get(index, ""))
        if kind != _FIXED_DISK or not name or name.startswith(_NO_VOLUME):
            continue
        unit, size, used = (answers.number(f"{_STORAGE}.{n}", index) for n in (4, 5, 6))
        if not unit or not size or used is None or size < 0 or used < 0:
            continue  # sizes beyond 31 bit come as negative numbers from some agents
        key = f"{whole.key}/volume:{name}"
        volume = Asset(key, "volume", f"{whole.key} {name}", parent=whole.key)
        yield Reading(volume, VOLUME, min(used / size, 1.0), fail=1.0, warn=0.9)
        yield Reading(volume, VOLUME_USAGE, used * unit)


def _interfaces(whole: Asset, answers: Answers, skip: tuple[str, ...]) -> Iterator[Reading]:
    names = _names(answers)
    for index, name in names.items():
        kind = answers.number(f"{_IF}.3", index)
        if kind == _LOOPBACK or any(fnmatchcase(name, pattern) for pattern in skip):
            continue
        key = f"{whole.key}/interface:{name}"
        asset = Asset(key, "interface", f"{whole.key} {name}", parent=whole.key)
        state = answers.number(f"{_IF}.8", index)
        if state is not None and answers.number(f"{_IF}.7", index) == _ACTIVE:
            yield Reading(asset, LINK, float(state == _ACTIVE), fail=0.0)
        for wide, narrow, labels in _OCTETS:
            value = answers.number(wide, index)
            if value is not None:
                yield Reading(asset, NETWORK_IO, value, labels)
                continue
            value = answers.number(narrow, index)
            if value is not None:
                yield Reading(asset, NETWORK_IO, value, labels, narrow=True)
        for metric, column, labels in _COUNTERS:
            value = answers.number(column, index)
            if value is not None:
                yield Reading(asset, metric, value, labels, narrow=True)


def _names(answers: Answers) -> Mapping[Index, str]:
    """Returns interface names: the short one where the agent has it."""
    plain = {index: str(name) for index, name in answers.column(f"{_IF}.2").items()}
    return plain | {i: str(name) for i, name in answers.column(f"{_IFX}.1").items() if name}
