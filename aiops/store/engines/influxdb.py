"""Series in InfluxDB 2 or InfluxDB Cloud."""

import importlib
from typing import Final

from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.store import SeriesStore
from aiops.store.remote.settings import InfluxSettings


def _create(settings: InfluxSettings) -> SeriesStore:
    importlib.import_module("influxdb_client")
    from aiops.store.remote.influx import InfluxStore

    return InfluxStore(settings)


PLUGIN: Final = Plugin(
    summary="Series in InfluxDB 2 or InfluxDB Cloud",
    settings=InfluxSettings,
    create=_create,
    stability=Stability.BETA,
    tags=("remote",),
)
