"""Reads network devices and hosts by SNMP."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.snmp.settings import SnmpSettings


def _create(settings: SnmpSettings) -> Collector:
    from collectors.snmp.collector import SnmpCollector

    return SnmpCollector(settings)


PLUGIN: Final = Plugin(
    summary="SNMP v2c and v3: interfaces, volumes, memory and load of devices and hosts",
    settings=SnmpSettings,
    create=_create,
    stability=Stability.BETA,
    extra="snmp",
)
"""The snmp collector."""
