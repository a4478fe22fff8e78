"""From ipmitool's lines to numbers and limits.

Source: ipmitool 1.8.19, ``-c sensor`` (ten fields) and ``-c sdr elist full`` (four); names after
OpenTelemetry's hardware metrics.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aiops.domain.metric import Direction, Metric


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a unit of ipmitool measures.

    Attributes:
        part: Kind of the asset that a sensor of it is.
        scale, offset: Into the metric's unit.
        below: Whether the lower thresholds are its limit, else the upper ones.
    """

    metric: Metric
    part: str
    scale: float = 1.0
    offset: float = 0.0
    below: bool = False


TEMPERATURE: Final = Metric("hw.temperature", "Cel", bad_direction=Direction.UP)
FAN: Final = Metric("hw.fan.speed", "/min", bad_direction=Direction.DOWN, floor=0.0)
VOLTAGE: Final = Metric("hw.voltage", "V", bad_direction=Direction.BOTH)
CURRENT: Final = Metric("hw.current", "A", bad_direction=Direction.UP, floor=0.0)
POWER: Final = Metric("hw.power", "W", bad_direction=Direction.UP, floor=0.0)
METRICS: Final = (TEMPERATURE, FAN, VOLTAGE, CURRENT, POWER)
QUANTITIES: Final[Mapping[str, Quantity]] = {
    "degrees C": Quantity(TEMPERATURE, "temperature"),
    "degrees F": Quantity(TEMPERATURE, "temperature", 5 / 9, -32 * 5 / 9),
    "RPM": Quantity(FAN, "fan", below=True),
    # A supply that fails sags; one sensor has one limit.
    "Volts": Quantity(VOLTAGE, "voltage", below=True),
    "Amps": Quantity(CURRENT, "current"),
    "Watts": Quantity(POWER, "power"),
}
_WITH_LIMITS: Final = 10
_WITHOUT: Final = 4
_ABSENT: Final = frozenset({"na", "no reading", "disabled", "ns", ""})


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor that has a value."""

    name: str
    quantity: Quantity
    value: float
    fail: float | None = None
    warn: float | None = None


def read_lines(text: str, *, limits: bool) -> Iterator[Sensor | str]:
    """Yields sensors, and for each bad line the reason why it is none.

    Discrete sensors and those without a reading are passed over.

    Args:
        limits: Whether the lines are those with thresholds.
    """
    for line in text.splitlines():
        if not line.strip():
            continue
        # A name may hold commas, the other fields may not.
        fields = line.rsplit(",", (_WITH_LIMITS if limits else _WITHOUT) - 1)
        if len(fields) != (_WITH_LIMITS if limits else _WITHOUT) or not fields[0].strip():
            yield "parse"
            continue
        name, told, unit = (field.strip() for field in fields[:3])
        if told.lower() in _ABSENT or unit == "discrete":
            continue
        quantity = QUANTITIES.get(unit)
        if quantity is None:
            yield "unit"
            continue
        value = _number(told, quantity)
        if value is None:
            yield "parse"
            continue
        fail, warn = _limit(fields[4:], quantity) if limits else (None, None)
        yield Sensor(name, quantity, value, fail, warn)


def _limit(fields: list[str], quantity: Quantity) -> tuple[float | None, float | None]:
    """Returns critical and non-critical; non-recoverable only where there is no critical."""
    told = [_number(field.strip(), quantity) for field in fields]
    worst, fail, warn = (
        (told[0], told[1], told[2]) if quantity.below else (told[5], told[4], told[3])
    )
    fail = worst if fail is None else fail
    return (fail, warn) if fail is not None else (warn, None)


def _number(text: str, quantity: Quantity) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number * quantity.scale + quantity.offset if math.isfinite(number) else None
