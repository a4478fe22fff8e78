"""Listens for StatsD: counters, gauges, timers and sets, flushed at every collection."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.statsd.settings import StatsdSettings


def _create(settings: StatsdSettings) -> Collector:
    from collectors.statsd.collector import StatsdCollector

    return StatsdCollector(settings)


PLUGIN: Final = Plugin(
    summary="StatsD over UDP or TCP: applications send, each collection is a flush",
    settings=StatsdSettings,
    create=_create,
    stability=Stability.BETA,
)
"""The statsd collector."""
