"""What is made of Redfish's resources.

Source: DMTF DSP0268, schemas Thermal, Power, Sensor, Drive and Status.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiops.domain.metric import Direction, Metric
from collectors._hardware import CURRENT, FAN, NONE, POWER, TEMPERATURE, VOLTAGE, Thresholds

Resource = Mapping[str, Any]

HEALTH: Final = Metric("hw.health", "1", bad_direction=Direction.DOWN, floor=0.0, ceiling=1.0)
LIFE_LEFT: Final = Metric(
    "hw.physical_disk.life_left", "1", bad_direction=Direction.DOWN, floor=0.0, ceiling=1.0
)
PREDICTED: Final = Metric(
    "hw.physical_disk.failure_predicted", "1", bad_direction=Direction.UP, floor=0.0, ceiling=1.0
)
METRICS: Final = (HEALTH, TEMPERATURE, FAN, VOLTAGE, CURRENT, POWER, LIFE_LEFT, PREDICTED)
HEALTH_WARN: Final = 0.5
_HEALTH: Final = {"OK": 1.0, "Warning": HEALTH_WARN, "Critical": 0.0}
_THERE: Final = frozenset({"Enabled", "StandbyOffline", "StandbySpare", "Updating", "Quiesced", ""})
_TYPES: Final = {
    "Temperature": (TEMPERATURE, "Cel"),
    "Rotational": (FAN, "RPM"),
    "Voltage": (VOLTAGE, "V"),
    "Current": (CURRENT, "A"),
    "Power": (POWER, "W"),
}


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor that has a reading."""

    name: str
    metric: Metric
    value: float
    told: Thresholds = NONE


def health(resource: Resource) -> float | None:
    """Returns 1 (OK), 0.5 (warning) or 0 (critical); None where it is not told."""
    status = resource.get("Status")
    told = status.get("Health") if isinstance(status, Mapping) else None
    return _HEALTH.get(told) if isinstance(told, str) else None


def is_there(resource: Resource) -> bool:
    """Whether a part is plugged in and on; an empty slot is listed too."""
    status = resource.get("Status")
    state = status.get("State") if isinstance(status, Mapping) else ""
    return state is None or state in _THERE


def read_thermal(resource: Resource) -> Iterator[Sensor]:
    """Yields temperatures and fans of a ``Thermal``."""
    for row in rows(resource, "Temperatures"):
        value = number(row, "ReadingCelsius")
        if value is not None and is_there(row):
            yield Sensor(_name(row), TEMPERATURE, value, _thresholds(row))
    for row in rows(resource, "Fans"):
        value = number(row, "Reading", "ReadingRPM")
        # A share of the full speed says nothing of a fan that is worn.
        if value is not None and is_there(row) and row.get("ReadingUnits", "RPM") == "RPM":
            yield Sensor(_name(row), FAN, value, _thresholds(row))


def read_power(resource: Resource) -> Iterator[Sensor]:
    """Yields the power drawn, supplies and voltages of a ``Power``."""
    for part in ("PowerControl", "PowerSupplies"):
        for row in rows(resource, part):
            value = number(row, "PowerConsumedWatts", "PowerOutputWatts", "LastPowerOutputWatts")
            if value is not None and is_there(row):
                capacity = number(row, "PowerCapacityWatts") or None
                yield Sensor(_name(row), POWER, value, Thresholds(upper_fail=capacity))
    for row in rows(resource, "Voltages"):
        value = number(row, "ReadingVolts")
        if value is not None and is_there(row):
            yield Sensor(_name(row), VOLTAGE, value, _thresholds(row))


def read_sensor(resource: Resource) -> Iterator[Sensor]:
    """Yields the reading of a ``Sensor``, which newer controllers have instead."""
    kind = resource.get("ReadingType")
    known = _TYPES.get(kind) if isinstance(kind, str) else None
    value = number(resource, "Reading")
    if known is None or value is None or not is_there(resource):
        return
    metric, unit = known
    if resource.get("ReadingUnits", unit) not in {unit, "{rev}/min" if unit == "RPM" else unit}:
        return
    told = resource.get("Thresholds")
    levels = told if isinstance(told, Mapping) else {}

    def level(name: str) -> float | None:
        one = levels.get(name)
        return number(one, "Reading") if isinstance(one, Mapping) else None

    yield Sensor(
        _name(resource),
        metric,
        value,
        Thresholds(
            level("UpperCritical"), level("UpperCaution"),
            level("LowerCritical"), level("LowerCaution"),
        ),
    )  # fmt: skip


def rows(resource: Resource, name: str) -> list[Resource]:
    """Returns the objects of a list; anything else in it is passed over."""
    told = resource.get(name)
    return [row for row in told if isinstance(row, Mapping)] if isinstance(told, list) else []


def number(row: Resource, *names: str) -> float | None:
    """Returns the first of some members that is a number."""
    for name in names:
        value = row.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def _thresholds(row: Resource) -> Thresholds:
    return Thresholds(
        number(row, "UpperThresholdCritical", "UpperThresholdFatal"),
        number(row, "UpperThresholdNonCritical"),
        number(row, "LowerThresholdCritical", "LowerThresholdFatal"),
        number(row, "LowerThresholdNonCritical"),
    )


def _name(row: Resource) -> str:
    told = row.get("Name") or row.get("FanName") or row.get("MemberId") or row.get("Id")
    return str(told)[:200]
