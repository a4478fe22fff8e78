"""From ipmitool's lines to numbers and limits.

Source: ipmitool 1.8.19, ``-c sensor`` (ten fields) and ``-c sdr elist full`` (four).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aiops.domain.metric import Metric
from collectors._hardware import (
    CURRENT,
    FAN,
    NONE,
    POWER,
    TEMPERATURE,
    VOLTAGE,
    Thresholds,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a unit of ipmitool measures, and how it becomes the metric's unit."""

    metric: Metric
    scale: float = 1.0
    offset: float = 0.0


METRICS: Final = (TEMPERATURE, FAN, VOLTAGE, CURRENT, POWER)
QUANTITIES: Final[Mapping[str, Quantity]] = {
    "degrees C": Quantity(TEMPERATURE),
    "degrees F": Quantity(TEMPERATURE, 5 / 9, -32 * 5 / 9),
    "RPM": Quantity(FAN),
    "Volts": Quantity(VOLTAGE),
    "Amps": Quantity(CURRENT),
    "Watts": Quantity(POWER),
}
_WITH_LIMITS: Final = 10
_WITHOUT: Final = 4
_ABSENT: Final = frozenset({"na", "no reading", "disabled", "ns", ""})


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor that has a value."""

    name: str
    metric: Metric
    value: float
    told: Thresholds = NONE


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
        told_limits = _thresholds(fields[4:], quantity) if limits else NONE
        yield Sensor(name, quantity.metric, value, told_limits)


def _thresholds(fields: list[str], quantity: Quantity) -> Thresholds:
    """Returns critical and non-critical; non-recoverable only where there is no critical."""
    lowest, lower, low, high, higher, highest = (_number(one.strip(), quantity) for one in fields)
    return Thresholds(
        upper_fail=highest if higher is None else higher,
        upper_warn=high,
        lower_fail=lowest if lower is None else lower,
        lower_warn=low,
    )


def _number(text: str, quantity: Quantity) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number * quantity.scale + quantity.offset if math.isfinite(number) else None
