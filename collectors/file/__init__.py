"""Follows a CSV file that another program appends to."""

from typing import Final

from aiops.contracts.collector import RECORDED, Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.file.settings import FileSettings


def _create(settings: FileSettings) -> Collector:
    from collectors.file.collector import FileCollector

    return FileCollector(settings)


PLUGIN: Final = Plugin(
    summary="A CSV file that grows, or a folder of Parquet files: what is new becomes samples",
    settings=FileSettings,
    create=_create,
    stability=Stability.BETA,
    tags=(RECORDED,),
)
"""The file collector."""
