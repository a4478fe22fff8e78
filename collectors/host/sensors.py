"""Temperatures, fans and batteries, where the platform has them."""

from typing import Any

import psutil

from aiops.domain.metric import Direction, Limit
from collectors.host.readings import Reading

# Source: ACPI specification 6.5, section 3.9.4: critical battery level by convention 5 %.
_BATTERY_EMPTY = 0.05
_BATTERY_LOW = 0.2


def read_sensors(host: str) -> tuple[list[Reading], list[Limit]]:
    """Returns sensor readings, and the limits the hardware itself names."""
    readings: list[Reading] = []
    limits: list[Limit] = []
    for chip, entries in _read("sensors_temperatures").items():
        for number, entry in enumerate(entries):
            asset = f"{host}/sensor:{chip}/{entry.label or number}"
            if entry.current is None:
                continue
            readings.append((asset, "hw.temperature", (), float(entry.current)))
            fail = entry.critical or entry.high
            if fail:
                warn = entry.high if entry.high and entry.high < fail else None
                limits.append(Limit("hw.temperature", Direction.UP, float(fail), warn, asset))
    for chip, entries in _read("sensors_fans").items():
        for number, entry in enumerate(entries):
            asset = f"{host}/fan:{chip}/{entry.label or number}"
            readings.append((asset, "hw.fan.speed", (), float(entry.current)))
    read_battery = getattr(psutil, "sensors_battery", None)
    battery = read_battery() if read_battery else None
    if battery is not None:
        asset = f"{host}/battery"
        readings.append((asset, "hw.battery.charge", (), battery.percent / 100.0))
        limits.append(
            Limit("hw.battery.charge", Direction.DOWN, _BATTERY_EMPTY, _BATTERY_LOW, asset)
        )
    return readings, limits


def _read(function: str) -> dict[str, list[Any]]:
    read = getattr(psutil, function, None)
    return dict(read()) if read else {}
