"""Reads existing buckets of InfluxDB 2 with Flux."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.influxdb.settings import InfluxdbSettings


def _create(settings: InfluxdbSettings) -> Collector:
    from collectors.influxdb.collector import InfluxdbCollector

    return InfluxdbCollector(settings)


PLUGIN: Final = Plugin(
    summary="InfluxDB 2: Flux queries on existing buckets, with their history",
    settings=InfluxdbSettings,
    create=_create,
    stability=Stability.EXPERIMENTAL,
)
"""The influxdb collector."""
