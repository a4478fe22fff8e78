"""Reads numbers out of JSON documents served over HTTP."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.http_json.settings import HttpJsonSettings


def _create(settings: HttpJsonSettings) -> Collector:
    from collectors.http_json.collector import HttpJsonCollector

    return HttpJsonCollector(settings)


PLUGIN: Final = Plugin(
    summary="Numbers in JSON documents over HTTP, found by JSONPath",
    settings=HttpJsonSettings,
    create=_create,
    stability=Stability.BETA,
    extra="http_json",
    tags=("in_process",),
)
"""The http_json collector."""
