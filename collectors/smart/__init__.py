"""Reads the health of drives through smartctl."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.smart.settings import SmartSettings


def _create(settings: SmartSettings) -> Collector:
    from collectors.smart.collector import SmartCollector

    return SmartCollector(settings)


PLUGIN: Final = Plugin(
    summary="SMART health of ATA, NVMe and SAS drives, with the thresholds of their makers",
    settings=SmartSettings,
    create=_create,
    stability=Stability.BETA,
)
"""The smart collector."""
