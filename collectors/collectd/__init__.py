"""Receives what collectd's write_http plug-in sends as JSON."""

from typing import Final

from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.receiver import PUSH, Receiver
from collectors.collectd.settings import CollectdSettings


def _create(settings: CollectdSettings) -> Receiver:
    from collectors.collectd.receiver import CollectdReceiver

    return CollectdReceiver(settings)


PLUGIN: Final = Plugin(
    summary="collectd pushes to us by its plug-in write_http (JSON)",
    settings=CollectdSettings,
    create=_create,
    stability=Stability.BETA,
    tags=(PUSH,),
)
"""The collectd receiver."""
