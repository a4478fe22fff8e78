"""Follows log files and counts their error lines by template."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.log_file.settings import LogFileSettings


def _create(settings: LogFileSettings) -> Collector:
    from collectors.log_file.collector import LogFileCollector

    return LogFileCollector(settings)


PLUGIN: Final = Plugin(
    summary="Log files: lines, error lines, and error lines by template",
    settings=LogFileSettings,
    create=_create,
    stability=Stability.BETA,
    extra="log_file",
)
"""The log file collector."""
