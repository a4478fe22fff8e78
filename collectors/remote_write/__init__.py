"""Receives Prometheus remote write 1.0."""

from typing import Final

from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.receiver import PUSH, Receiver
from collectors.remote_write.settings import RemoteWriteSettings


def _create(settings: RemoteWriteSettings) -> Receiver:
    from collectors.remote_write.receiver import RemoteWriteReceiver

    return RemoteWriteReceiver(settings)


PLUGIN: Final = Plugin(
    summary="Prometheus, vmagent and other agents push to us by remote write 1.0",
    settings=RemoteWriteSettings,
    create=_create,
    stability=Stability.BETA,
    extra="remote_write",
    tags=(PUSH,),
)
"""The remote_write receiver."""
