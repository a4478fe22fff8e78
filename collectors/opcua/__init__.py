"""Reads machines and controllers by OPC UA: browses, subscribes, reads."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.opcua.settings import OpcuaSettings


def _create(settings: OpcuaSettings) -> Collector:
    from collectors.opcua.collector import OpcuaCollector

    return OpcuaCollector(settings)


PLUGIN: Final = Plugin(
    summary="OPC UA: variables of machines, found by browsing; changes by subscription",
    settings=OpcuaSettings,
    create=_create,
    stability=Stability.BETA,
    extra="opcua",
)
"""The opcua collector."""
