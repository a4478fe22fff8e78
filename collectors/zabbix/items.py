"""What is made of items: OpenTelemetry names and assets for the keys of Zabbix's own agent.

Source: Zabbix 6.0 manual, item keys of the agent, and units of its templates.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Metric

_KEY: Final = re.compile(r"([A-Za-z0-9_.-]+)(?:\[(.*)\])?", re.DOTALL)
_UP, _DOWN = Direction.UP, Direction.DOWN
# Zabbix's unit: UCUM and what its values are multiplied by.
_UNITS: Final[Mapping[str, tuple[str, float]]] = {
    "%": ("1", 0.01), "B": ("By", 1.0), "Bps": ("By/s", 1.0), "bps": ("bit/s", 1.0),
    "s": ("s", 1.0), "uptime": ("s", 1.0), "°C": ("Cel", 1.0), "C": ("Cel", 1.0),
    "V": ("V", 1.0), "A": ("A", 1.0), "W": ("W", 1.0), "Hz": ("Hz", 1.0), "rpm": ("/min", 1.0),
}  # fmt: skip


def _share(name: str, bad: Direction = _UP) -> Metric:
    return Metric(name, "1", bad_direction=bad, floor=0.0, ceiling=1.0)


CPU: Final = _share("system.cpu.utilization")
MEMORY: Final = _share("system.memory.utilization")
SWAP: Final = _share("system.paging.utilization")
VOLUME: Final = _share("system.filesystem.utilization")
INODES: Final = _share("system.filesystem.inodes.utilization")
VOLUME_USAGE: Final = Metric("system.filesystem.usage", "By", bad_direction=_UP, floor=0.0)
UPTIME: Final = Metric("system.uptime", "s", floor=0.0)
NETWORK: Final = Metric("system.network.io.rate", "bit/s", floor=0.0)
PING: Final = _share("probe.success", _DOWN)
PING_LOSS: Final = _share("probe.loss")
PING_TIME: Final = Metric("probe.duration", "s", bad_direction=_UP, floor=0.0)
LOADS: Final = {
    n: Metric(f"system.cpu.load_average.{n}m", "{thread}", bad_direction=_UP, floor=0.0)
    for n in (1, 5, 15)
}
METRICS: Final = (
    CPU, MEMORY, SWAP, VOLUME, INODES, VOLUME_USAGE, UPTIME, NETWORK, PING, PING_LOSS, PING_TIME,
    *LOADS.values(),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One item that is read.

    Attributes:
        floats: In which of Zabbix's two tables its history lies.
        scale, offset: The value becomes ``offset + scale × value``.
    """

    id: str
    floats: bool
    metric: Metric
    assets: tuple[Asset, ...]
    labels: tuple[tuple[str, str], ...] = ()
    scale: float = 1.0
    offset: float = 0.0
    fail: float | None = None
    warn: float | None = None


@dataclass(frozen=True, slots=True)
class _Meaning:
    metric: Metric
    scale: float = 1.0
    offset: float = 0.0
    part: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    fail: float | None = None
    warn: float | None = None


def read_item(told: Mapping[str, Any]) -> Item | None:
    """Returns what an item means; None where it is not what it should be."""
    hosts = told.get("hosts")
    host = hosts[0] if isinstance(hosts, list) and hosts and isinstance(hosts[0], dict) else {}
    name, key, own = host.get("host"), told.get("key_"), told.get("itemid")
    if not (isinstance(name, str) and name and isinstance(key, str) and isinstance(own, str)):
        return None
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    parameters = _split(match.group(2) or "")
    whole = Asset(name)
    floats = told.get("value_type") == "0"
    known = _meaning(match.group(1), parameters, str(told.get("units") or ""))
    if known is None:
        unit, scale = _UNITS.get(str(told.get("units") or ""), ("1", 1.0))
        metric = Metric(f"zabbix.{match.group(1)}", unit, provisional=True)
        labels = (("parameters", match.group(2)),) if match.group(2) else ()
        return Item(own, floats, metric, (whole,), labels, scale)
    assets: tuple[Asset, ...] = (whole,)
    if known.part and parameters and parameters[0]:
        key = f"{name}/{known.part}:{parameters[0]}"
        assets = (whole, Asset(key, known.part, f"{name} {parameters[0]}", parent=name))
    return Item(
        own, floats, known.metric, assets, known.labels,
        known.scale, known.offset, known.fail, known.warn,
    )  # fmt: skip


_VOLUMES: Final = {
    "pused": _Meaning(VOLUME, 0.01, part="volume", fail=1.0, warn=0.9),
    "pfree": _Meaning(VOLUME, -0.01, 1.0, part="volume", fail=1.0, warn=0.9),
    "used": _Meaning(VOLUME_USAGE, part="volume"),
}
_INODES: Final = {
    "pused": _Meaning(INODES, 0.01, part="volume", fail=1.0, warn=0.9),
    "pfree": _Meaning(INODES, -0.01, 1.0, part="volume", fail=1.0, warn=0.9),
}
_RATES: Final = {
    key: _Meaning(NETWORK, part="interface", labels=(("network.io.direction", way),))
    for key, way in (("net.if.in", "receive"), ("net.if.out", "transmit"))
}
# Keys whose parameters only say how they are measured.
_BY_KEY: Final = {
    "vm.memory.utilization": _Meaning(MEMORY, 0.01, fail=1.0, warn=0.95),
    "system.uptime": _Meaning(UPTIME),
    "icmpping": _Meaning(PING, fail=0.0),
    "icmppingloss": _Meaning(PING_LOSS, 0.01),
    "icmppingsec": _Meaning(PING_TIME),
}
_BY_FIRST: Final = {
    ("vm.memory.size", "pavailable"): _Meaning(MEMORY, -0.01, 1.0, fail=1.0, warn=0.95)
}
_BY_SECOND: Final = {
    **{("vfs.fs.size", of): meaning for of, meaning in _VOLUMES.items()},
    **{("vfs.fs.dependent.size", of): meaning for of, meaning in _VOLUMES.items()},
    **{("vfs.fs.inode", of): meaning for of, meaning in _INODES.items()},
    **{("vfs.fs.dependent.inode", of): meaning for of, meaning in _INODES.items()},
    ("system.swap.size", "pfree"): _Meaning(SWAP, -0.01, 1.0, fail=1.0, warn=0.9),
}
# Keys of which only the whole of the host is meant: no CPU, or all of them.
_BY_WHOLE: Final = {
    ("system.cpu.util", "idle"): _Meaning(CPU, -0.01, 1.0),
    ("system.cpu.load", ""): _Meaning(LOADS[1]),
    **{("system.cpu.load", f"avg{n}"): _Meaning(metric) for n, metric in LOADS.items()},
}


def _meaning(key: str, parameters: list[str], units: str) -> _Meaning | None:
    first, second = (*parameters, "", "")[:2]
    if key == "system.cpu.util" and not parameters:
        return _Meaning(CPU, 0.01)  # with parameters it is the share of one kind of work
    if key in _RATES:
        return _RATES[key] if units == "bps" and second in {"", "bytes"} else None
    if first in {"", "all"} and (key, second) in _BY_WHOLE:
        return _BY_WHOLE[key, second]
    found = _BY_KEY.get(key) or _BY_FIRST.get((key, first))
    return found or _BY_SECOND.get((key, second))


def _split(text: str) -> list[str]:
    """Returns the parameters of a key; those in quotes may hold commas.

    >>> _split('"/srv,a",pused')
    ['/srv,a', 'pused']
    """
    found: list[str] = []
    for quoted, plain in re.findall(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)', text):
        found.append(quoted.replace('\\"', '"') or plain.strip())
    return found[:-1] if found and not text.endswith(",") and found[-1] == "" else found
