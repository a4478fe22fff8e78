"""Reads items and their history from Zabbix by JSON-RPC."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.zabbix.settings import ZabbixSettings


def _create(settings: ZabbixSettings) -> Collector:
    from collectors.zabbix.collector import ZabbixCollector

    return ZabbixCollector(settings)


PLUGIN: Final = Plugin(
    summary="Zabbix: items of every monitored host with their history, by JSON-RPC",
    settings=ZabbixSettings,
    create=_create,
    stability=Stability.BETA,
)
"""The zabbix collector."""
