"""A simulated fleet for demonstrations: things that really degrade, fail and are repaired."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.simulated.settings import SimulatedSettings


def _create(settings: SimulatedSettings) -> Collector:
    from collectors.simulated.collector import SimulatedCollector

    return SimulatedCollector(settings)


PLUGIN: Final = Plugin(
    summary="A clearly marked demo fleet that degrades and fails in accelerated time",
    settings=SimulatedSettings,
    create=_create,
    stability=Stability.BETA,
    tags=("in_process",),
)
