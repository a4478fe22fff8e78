"""Series on this host's disk, in DuckDB and Parquet."""

import importlib
from typing import Final

from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.store import SeriesStore
from aiops.store.embedded.settings import DuckdbSettings


def _create(settings: DuckdbSettings) -> SeriesStore:
    importlib.import_module("pyarrow")  # results come through it: not in the first read
    from aiops.store.embedded.store import EmbeddedStore

    return EmbeddedStore(settings)


PLUGIN: Final = Plugin(
    summary="Series on this host's disk (DuckDB; closed days as Parquet), the default",
    settings=DuckdbSettings,
    create=_create,
    stability=Stability.BETA,
)
