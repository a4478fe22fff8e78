"""Reads servers and chassis through their management controllers by Redfish."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.redfish.settings import RedfishSettings


def _create(settings: RedfishSettings) -> Collector:
    from collectors.redfish.collector import RedfishCollector

    return RedfishCollector(settings)


PLUGIN: Final = Plugin(
    summary="Redfish: health, temperatures, fans, power and drives of servers and chassis",
    settings=RedfishSettings,
    create=_create,
    stability=Stability.BETA,
    tags=("in_process",),
)
"""The redfish collector."""
