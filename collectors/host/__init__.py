"""This host's own metrics, read through psutil."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.host.settings import HostSettings


def _create(settings: HostSettings) -> Collector:
    from collectors.host.collector import HostCollector

    return HostCollector(settings)


PLUGIN: Final = Plugin(
    summary="CPU, memory, filesystems, disks, network and sensors of this host (psutil)",
    settings=HostSettings,
    create=_create,
    stability=Stability.BETA,
    tags=("in_process",),
)
