"""Receives Influx line protocol at the addresses of InfluxDB 1 and 2."""

from typing import Final

from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.receiver import PUSH, Receiver
from collectors.influx_line.settings import InfluxLineSettings


def _create(settings: InfluxLineSettings) -> Receiver:
    from collectors.influx_line.receiver import InfluxLineReceiver

    return InfluxLineReceiver(settings)


PLUGIN: Final = Plugin(
    summary="Agents that write Influx line protocol push to us: Telegraf, clients, scripts",
    settings=InfluxLineSettings,
    create=_create,
    stability=Stability.BETA,
    extra="influx_line",
    tags=(PUSH,),
)
"""The influx_line receiver."""
