"""Reads sensors of servers through their management controllers by IPMI."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.ipmi.settings import IpmiSettings


def _create(settings: IpmiSettings) -> Collector:
    from collectors.ipmi.collector import IpmiCollector

    return IpmiCollector(settings)


PLUGIN: Final = Plugin(
    summary="IPMI 2.0: temperatures, fans, voltages and power of servers, with their thresholds",
    settings=IpmiSettings,
    create=_create,
    stability=Stability.BETA,
)
"""The ipmi collector."""
