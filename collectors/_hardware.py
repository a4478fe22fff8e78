"""What management controllers speak of, whichever protocol they speak: sensors as assets.

Each sensor is an asset of its own, for each has limits of its own, and a fan can fail alone. Names
and units are those of OpenTelemetry's hardware metrics.
"""

from dataclasses import dataclass
from typing import Final

from aiops.contracts.book import Draft
from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Limit, Metric

TEMPERATURE: Final = Metric("hw.temperature", "Cel", bad_direction=Direction.UP)
FAN: Final = Metric("hw.fan.speed", "/min", bad_direction=Direction.DOWN, floor=0.0)
VOLTAGE: Final = Metric("hw.voltage", "V", bad_direction=Direction.BOTH)
CURRENT: Final = Metric("hw.current", "A", bad_direction=Direction.UP, floor=0.0)
POWER: Final = Metric("hw.power", "W", bad_direction=Direction.UP, floor=0.0)
PART_BY_METRIC: Final = {
    TEMPERATURE: "temperature",
    FAN: "fan",
    VOLTAGE: "voltage",
    CURRENT: "current",
    POWER: "power",
}
# A supply that fails sags; one sensor has one limit, and for these it is the lower one.
_BELOW: Final = frozenset({FAN, VOLTAGE})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a controller calls critical and not yet critical, above and below."""

    upper_fail: float | None = None
    upper_warn: float | None = None
    lower_fail: float | None = None
    lower_warn: float | None = None


NONE: Final = Thresholds()


def take(
    draft: Draft,
    host: Asset,
    name: str,
    metric: Metric,
    value: float,
    at: int,
    told: Thresholds = NONE,
) -> None:
    """Takes one sensor of a host, with the limit its controller gave it."""
    kind = PART_BY_METRIC[metric]
    part = Asset(f"{host.key}/{kind}:{name}", kind, f"{host.key} {name}", parent=host.key)
    whole = () if not host.parent else (Asset(host.parent),)
    draft.add(metric, (*whole, host, part), value, at)
    below = metric in _BELOW
    fail, warn = (told.lower_fail, told.lower_warn) if below else (told.upper_fail, told.upper_warn)
    fail, warn = (warn, None) if fail is None else (fail, warn)
    if fail is not None:
        direction = Direction.DOWN if below else Direction.UP
        draft.book.limit(Limit(metric.name, direction, fail, warn, part.key))
