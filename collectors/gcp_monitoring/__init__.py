"""Reads Google Cloud Monitoring, and only when a period is over."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.gcp_monitoring.settings import GcpMonitoringSettings


def _create(settings: GcpMonitoringSettings) -> Collector:
    from collectors.gcp_monitoring.collector import GcpMonitoringCollector

    return GcpMonitoringCollector(settings)


PLUGIN: Final = Plugin(
    summary="Google Cloud Monitoring: instances, Cloud SQL and any metric of a project",
    settings=GcpMonitoringSettings,
    create=_create,
    stability=Stability.EXPERIMENTAL,
    extra="gcp_monitoring",
)
"""The gcp_monitoring collector."""
