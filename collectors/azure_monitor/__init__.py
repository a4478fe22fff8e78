"""Reads Azure Monitor, 50 resources in a request, and only when a period is over."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.azure_monitor.settings import AzureMonitorSettings


def _create(settings: AzureMonitorSettings) -> Collector:
    from collectors.azure_monitor.collector import AzureMonitorCollector

    return AzureMonitorCollector(settings)


PLUGIN: Final = Plugin(
    summary="Azure Monitor: machines, databases and any metric of the resources you name",
    settings=AzureMonitorSettings,
    create=_create,
    stability=Stability.EXPERIMENTAL,
    extra="azure_monitor",
)
"""The azure_monitor collector."""
