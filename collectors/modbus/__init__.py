"""Reads registers of controllers and meters by Modbus TCP."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.modbus.settings import ModbusSettings


def _create(settings: ModbusSettings) -> Collector:
    from collectors.modbus.collector import ModbusCollector

    return ModbusCollector(settings)


PLUGIN: Final = Plugin(
    summary="Modbus TCP: registers of meters, drives and controllers, with type, order and scale",
    settings=ModbusSettings,
    create=_create,
    stability=Stability.BETA,
    extra="modbus",
)
"""The modbus collector."""
