"""Reads hosts by the agent of Netdata."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.netdata.settings import NetdataSettings


def _create(settings: NetdataSettings) -> Collector:
    from collectors.netdata.collector import NetdataCollector

    return NetdataCollector(settings)


PLUGIN: Final = Plugin(
    summary="Netdata agents and parents: CPU, memory, volumes, interfaces and any chart",
    settings=NetdataSettings,
    create=_create,
    stability=Stability.BETA,
    tags=("in_process",),
)
"""The netdata collector."""
