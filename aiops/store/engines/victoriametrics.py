"""Series in VictoriaMetrics, single node or cluster."""

from typing import Final

from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.store import SeriesStore
from aiops.store.remote.settings import VictoriaMetricsSettings


def _create(settings: VictoriaMetricsSettings) -> SeriesStore:
    from aiops.store.remote.victoria import VictoriaMetricsStore

    return VictoriaMetricsStore(settings)


PLUGIN: Final = Plugin(
    summary="Series in VictoriaMetrics (single node, or a cluster with tenants)",
    settings=VictoriaMetricsSettings,
    create=_create,
    stability=Stability.BETA,
    tags=("remote",),
)
