"""Reads Amazon CloudWatch in batches, and only when a period is over."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.cloudwatch.settings import CloudwatchSettings


def _create(settings: CloudwatchSettings) -> Collector:
    from collectors.cloudwatch.collector import CloudwatchCollector

    return CloudwatchCollector(settings)


PLUGIN: Final = Plugin(
    summary="Amazon CloudWatch: EC2, RDS, EBS and any metric, 500 in a request, once a period",
    settings=CloudwatchSettings,
    create=_create,
    stability=Stability.BETA,
    extra="cloudwatch",
)
"""The cloudwatch collector."""
