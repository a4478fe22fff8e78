"""History out of a Prometheus, for teams who keep their samples there; never written."""

from typing import Final

from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.store import SeriesStore
from aiops.store.remote.settings import PrometheusSettings


def _create(settings: PrometheusSettings) -> SeriesStore:
    from aiops.store.remote.prometheus import PrometheusHistory

    return PrometheusHistory(settings)


PLUGIN: Final = Plugin(
    summary="History in a Prometheus, read only: the source of `aiops store copy`",
    settings=PrometheusSettings,
    create=_create,
    stability=Stability.EXPERIMENTAL,
    tags=("remote", "read_only"),
)
