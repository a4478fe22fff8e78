"""Sensors of devices and the batteries of UPSs.

Source: RFC 3433 (ENTITY-SENSOR-MIB), RFC 6933 (ENTITY-MIB), RFC 1628 (UPS-MIB).
"""

from collections.abc import Iterator
from typing import Final

from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Metric
from collectors._hardware import CURRENT, FAN, PART_BY_METRIC, POWER, TEMPERATURE, VOLTAGE
from collectors.snmp.reading import Reading
from collectors.snmp.walk import Answers

CHARGE: Final = Metric(
    "hw.battery.charge", "1", bad_direction=Direction.DOWN, floor=0.0, ceiling=1.0
)
TIME_LEFT: Final = Metric("hw.battery.time_left", "s", bad_direction=Direction.DOWN, floor=0.0)
ON_BATTERY: Final = Metric("hw.battery.time_in_use", "s", bad_direction=Direction.UP, floor=0.0)
LOAD: Final = Metric("hw.ups.load", "1", bad_direction=Direction.UP, floor=0.0)
METRICS: Final = (
    TEMPERATURE, FAN, VOLTAGE, CURRENT, POWER, CHARGE, TIME_LEFT, ON_BATTERY, LOAD,
)  # fmt: skip

_SENSOR, _NAME = "1.3.6.1.2.1.99.1.1.1", "1.3.6.1.2.1.47.1.1.1.1.7"
_UPS: Final = "1.3.6.1.2.1.33.1"
TABLES: Final = (_SENSOR, _NAME, f"{_UPS}.2", f"{_UPS}.4", f"{_UPS}.9")
# EntitySensorDataType
_METRICS: Final = {
    3: VOLTAGE, 4: VOLTAGE, 5: CURRENT, 6: POWER, 8: TEMPERATURE, 10: FAN,
}  # fmt: skip
_UNITS: Final = 9  # EntitySensorDataScale: units; each step is a factor of a thousand
_OK: Final = 1
_SCALES: Final = range(1, 18)
_PRECISIONS: Final = range(-8, 10)


def read_sensors(whole: Asset, answers: Answers) -> Iterator[Reading]:
    """Yields the sensors of a device that have a value."""
    for index in answers.column(f"{_SENSOR}.4"):
        kind, scale, precision, value, state = (
            answers.number(f"{_SENSOR}.{n}", index) for n in range(1, 6)
        )
        metric = _METRICS.get(int(kind or 0))
        if metric is None or value is None or state != _OK:
            continue
        if scale is None or precision is None:
            continue
        if scale not in _SCALES or precision not in _PRECISIONS:
            continue
        number = value * 10.0 ** (3 * (scale - _UNITS) - precision)
        name = str(answers.column(_NAME).get(index, "")) or str(index[0])
        part = PART_BY_METRIC[metric]
        key = f"{whole.key}/{part}:{name}"
        asset = Asset(key, part, f"{whole.key} {name}", parent=whole.key)
        yield Reading(asset, metric, number)


def read_ups(whole: Asset, answers: Answers) -> Iterator[Reading]:
    """Yields battery and load of a UPS; its own ratings are the limits."""
    charge = answers.number(f"{_UPS}.2.4")
    if charge is not None:
        yield Reading(whole, CHARGE, charge / 100)
    minutes, low = answers.number(f"{_UPS}.2.3"), answers.number(f"{_UPS}.9.7")
    if minutes is not None:
        yield Reading(whole, TIME_LEFT, minutes * 60, fail=low * 60 if low else None)
    seconds = answers.number(f"{_UPS}.2.2")
    if seconds is not None:
        yield Reading(whole, ON_BATTERY, seconds)
    heat = answers.number(f"{_UPS}.2.7")
    if heat is not None:
        key = f"{whole.key}/temperature:battery"
        battery = Asset(key, "temperature", f"{whole.key} battery", parent=whole.key)
        yield Reading(battery, TEMPERATURE, heat)
    for index in answers.column(f"{_UPS}.4.4.1.5"):
        share = answers.number(f"{_UPS}.4.4.1.5", index)
        if share is not None:
            labels = (("line", str(index[0])),)
            yield Reading(whole, LOAD, share / 100, labels, fail=1.0)
