"""Asks services over TCP and HTTP whether they answer, and how fast."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.probe.settings import ProbeSettings


def _create(settings: ProbeSettings) -> Collector:
    from collectors.probe.collector import ProbeCollector

    return ProbeCollector(settings)


PLUGIN: Final = Plugin(
    summary="TCP and HTTP services: whether they answer, and how fast",
    settings=ProbeSettings,
    create=_create,
    stability=Stability.BETA,
)
"""The probe collector."""
