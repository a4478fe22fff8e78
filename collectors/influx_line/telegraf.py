"""What Telegraf's own plug-ins measure, under OpenTelemetry names and on assets of its own.

Source: Telegraf 1.x, README of the inputs disk, mem, swap, system and cpu.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Limit, Metric

_UP: Final = Direction.UP


@dataclass(frozen=True, slots=True)
class Known:
    """One field of one measurement.

    Attributes:
        scale, offset: The value becomes ``offset + scale × value``.
        volume: Whether it belongs to the volume that the tag ``path`` names.
        when: Tags a point must have for the rule to hold.
        consumed: Tags that say nothing once the asset is known.
        fail, warn: The limit that comes with it.
    """

    metric: Metric
    scale: float = 1.0
    offset: float = 0.0
    volume: bool = False
    when: tuple[tuple[str, str], ...] = ()
    consumed: tuple[str, ...] = ()
    fail: float | None = None
    warn: float | None = None


def _gauge(name: str, unit: str, direction: Direction = _UP) -> Metric:
    share = unit == "1"
    return Metric(name, unit, bad_direction=direction, floor=0, ceiling=1 if share else None)


_DISK: Final = ("path", "device", "fstype", "mode", "label")

RULES: Final[Mapping[tuple[str, str], Known]] = {
    ("disk", "used_percent"): Known(
        _gauge("system.filesystem.utilization", "1"), 0.01, volume=True, consumed=_DISK,
        fail=1.0, warn=0.9,
    ),
    ("disk", "inodes_used_percent"): Known(
        _gauge("system.filesystem.inodes.utilization", "1"), 0.01, volume=True, consumed=_DISK,
        fail=1.0, warn=0.9,
    ),
    ("disk", "used"): Known(
        _gauge("system.filesystem.usage", "By"), volume=True, consumed=_DISK
    ),
    ("mem", "used_percent"): Known(
        _gauge("system.memory.utilization", "1"), 0.01, fail=1.0, warn=0.95
    ),
    ("swap", "used_percent"): Known(
        _gauge("system.paging.utilization", "1"), 0.01, fail=1.0, warn=0.9
    ),
    ("system", "load1"): Known(_gauge("system.cpu.load_average.1m", "{thread}")),
    ("system", "load5"): Known(_gauge("system.cpu.load_average.5m", "{thread}")),
    ("system", "load15"): Known(_gauge("system.cpu.load_average.15m", "{thread}")),
    ("cpu", "usage_idle"): Known(
        _gauge("system.cpu.utilization", "1"), -0.01, 1.0,
        when=(("cpu", "cpu-total"),), consumed=("cpu",),
    ),
}  # fmt: skip


def find_rule(measurement: str, field: str, tags: Mapping[str, str]) -> Known | None:
    """Returns the rule for a field of a point, None when it keeps its own name."""
    rule = RULES.get((measurement, field))
    if rule is None or any(tags.get(name) != value for name, value in rule.when):
        return None
    return rule if not rule.volume or "path" in tags else None


def place(rule: Known, host: str, tags: Mapping[str, str]) -> tuple[Asset, ...]:
    """Returns the asset a rule speaks of, first, and its whole."""
    if not rule.volume:
        return (Asset(host),)
    path = tags["path"]
    return Asset(f"{host}/volume:{path}", "volume", f"{host} {path}", parent=host), Asset(host)


def limit_of(rule: Known, asset: str) -> Limit | None:
    """Returns the limit that comes with a rule."""
    if rule.fail is None:
        return None
    return Limit(rule.metric.name, rule.metric.bad_direction, rule.fail, rule.warn, asset)
