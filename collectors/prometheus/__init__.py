"""Scrapes Prometheus text exposition and OpenMetrics endpoints."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.prometheus.settings import PrometheusSettings


def _create(settings: PrometheusSettings) -> Collector:
    from collectors.prometheus.collector import PrometheusCollector

    return PrometheusCollector(settings)


PLUGIN: Final = Plugin(
    summary="Prometheus and OpenMetrics endpoints; node_exporter's volumes become assets",
    settings=PrometheusSettings,
    create=_create,
    stability=Stability.BETA,
    tags=("in_process",),
)
