"""What is made of Netdata's charts: OpenTelemetry names, base units, assets of their own.

Source: Netdata's contexts and dimensions as its agent 1.37 exports them (``allmetrics``).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Metric
from collectors.netdata.settings import NetdataSettings

_UP: Final = Direction.UP
_GIB: Final = float(1 << 30)
_KILOBIT: Final = 1000 / 8


def _share(name: str) -> Metric:
    return Metric(name, "1", bad_direction=_UP, floor=0.0, ceiling=1.0)


CPU: Final = _share("system.cpu.utilization")
MEMORY: Final = _share("system.memory.utilization")
SWAP: Final = _share("system.paging.utilization")
VOLUME: Final = _share("system.filesystem.utilization")
VOLUME_USAGE: Final = Metric("system.filesystem.usage", "By", bad_direction=_UP, floor=0.0)
INODES: Final = _share("system.filesystem.inodes.utilization")
DISK: Final = _share("system.disk.utilization")
UPTIME: Final = Metric("system.uptime", "s", floor=0.0)
LINK: Final = Metric("hw.network.up", "1", bad_direction=Direction.DOWN, floor=0.0, ceiling=1.0)
NETWORK: Final = Metric("system.network.io.rate", "By/s", floor=0.0)
LOADS: Final = {
    f"load{n}": Metric(f"system.cpu.load_average.{n}m", "{thread}", bad_direction=_UP, floor=0.0)
    for n in (1, 5, 15)
}
METRICS: Final = (
    CPU, MEMORY, SWAP, VOLUME, VOLUME_USAGE, INODES, DISK, UPTIME, LINK, NETWORK,
    *LOADS.values(),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart as the agent exports it: dimension to its newest value."""

    name: str
    context: str
    family: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reading:
    """One number.

    Attributes:
        fail, warn: The limit that comes with it.
    """

    metric: Metric
    value: float
    assets: tuple[Asset, ...]
    labels: tuple[tuple[str, str], ...] = ()
    fail: float | None = None
    warn: float | None = None


def read_chart(name: str, told: Any) -> Chart | None:
    """Takes one chart of the answer; None where it is not one.

    A dimension without a value yet is left out.
    """
    if not isinstance(told, Mapping) or not isinstance(told.get("dimensions"), Mapping):
        return None
    values = {
        str(dimension): float(one["value"])
        for dimension, one in told["dimensions"].items()
        if isinstance(one, Mapping) and isinstance(one.get("value"), int | float)
    }
    return Chart(name, str(told.get("context") or name), str(told.get("family") or ""), values)


def read(host: Asset, chart: Chart, settings: NetdataSettings) -> Iterator[Reading]:
    """Yields what a chart says of a host."""
    known = _KNOWN.get(chart.context)
    if known is not None:
        yield from known(host, chart, settings)
    elif any(fnmatchcase(chart.name, pattern) for pattern in settings.charts):
        for dimension, value in chart.values.items():
            labels = (("chart", chart.name), ("dimension", dimension))
            yield Reading(Metric(chart.context, provisional=True), value, (host,), labels)


def _cpu(host: Asset, chart: Chart, _settings: NetdataSettings) -> Iterator[Reading]:
    idle = {"idle", "iowait"}
    if idle <= chart.values.keys():
        busy = sum(value for name, value in chart.values.items() if name not in idle)
        yield Reading(CPU, min(busy / 100, 1.0), (host,))


def _load(host: Asset, chart: Chart, _settings: NetdataSettings) -> Iterator[Reading]:
    for name, metric in LOADS.items():
        if name in chart.values:
            yield Reading(metric, chart.values[name], (host,))


def _memory(host: Asset, chart: Chart, _settings: NetdataSettings) -> Iterator[Reading]:
    metric, warn = (MEMORY, 0.95) if chart.context == "system.ram" else (SWAP, 0.9)
    total = sum(chart.values.values())
    if "used" in chart.values and total > 0:
        yield Reading(metric, chart.values["used"] / total, (host,), fail=1.0, warn=warn)


def _volume(host: Asset, chart: Chart, settings: NetdataSettings) -> Iterator[Reading]:
    place = chart.family
    if not place or any(fnmatchcase(place, pattern) for pattern in settings.skip_volumes):
        return
    # What is reserved for root is neither used nor available, as df counts it.
    used, available = chart.values.get("used"), chart.values.get("avail")
    if used is None or available is None or used + available <= 0:
        return
    key = f"{host.key}/volume:{place}"
    assets = host, Asset(key, "volume", f"{host.key} {place}", parent=host.key)
    space = chart.context == "disk.space"
    metric = VOLUME if space else INODES
    yield Reading(metric, used / (used + available), assets, fail=1.0, warn=0.9)
    if space:
        yield Reading(VOLUME_USAGE, used * _GIB, assets)


def _disk(host: Asset, chart: Chart, _settings: NetdataSettings) -> Iterator[Reading]:
    device = chart.name.partition(".")[2]
    if "utilization" in chart.values and device:
        asset = Asset(f"{host.key}/disk:{device}", "disk", f"{host.key} {device}", parent=host.key)
        yield Reading(DISK, min(chart.values["utilization"] / 100, 1.0), (host, asset))


def _uptime(host: Asset, chart: Chart, _settings: NetdataSettings) -> Iterator[Reading]:
    if "uptime" in chart.values:
        yield Reading(UPTIME, chart.values["uptime"], (host,))


def _interface(host: Asset, chart: Chart, settings: NetdataSettings) -> Iterator[Reading]:
    name = chart.name.partition(".")[2]
    if not name or any(fnmatchcase(name, pattern) for pattern in settings.skip_interfaces):
        return
    asset = Asset(
        f"{host.key}/interface:{name}", "interface", f"{host.key} {name}", parent=host.key
    )
    assets = host, asset
    if chart.context == "net.carrier":
        if "up" in chart.values:
            yield Reading(LINK, chart.values["up"], assets, fail=0.0)
        return
    for dimension, direction in (("received", "receive"), ("sent", "transmit")):
        if dimension in chart.values:
            # What is sent is drawn below the axis, as a negative number.
            rate = abs(chart.values[dimension]) * _KILOBIT
            yield Reading(NETWORK, rate, assets, (("network.io.direction", direction),))


_Read = Callable[[Asset, Chart, NetdataSettings], Iterator[Reading]]
_KNOWN: Final[Mapping[str, _Read]] = {
    "system.cpu": _cpu,
    "system.load": _load,
    "system.ram": _memory,
    "system.swap": _memory,
    "mem.swap": _memory,
    "disk.space": _volume,
    "disk.inodes": _volume,
    "disk.util": _disk,
    "system.uptime": _uptime,
    "net.net": _interface,
    "net.carrier": _interface,
}
