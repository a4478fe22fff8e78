"""Reads PromQL range queries from Prometheus and what speaks its query API."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.prometheus_query.settings import PrometheusQuerySettings


def _create(settings: PrometheusQuerySettings) -> Collector:
    from collectors.prometheus_query.collector import PrometheusQueryCollector

    return PrometheusQueryCollector(settings)


PLUGIN: Final = Plugin(
    summary="PromQL range queries: Prometheus, VictoriaMetrics, Thanos, Mimir; with history",
    settings=PrometheusQuerySettings,
    create=_create,
    stability=Stability.BETA,
    tags=("in_process",),
)
"""The prometheus_query collector."""
