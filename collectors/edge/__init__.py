"""Receives what edge agents forward."""

from typing import Final

from aiops.contracts.plugin import NoSettings, Plugin, Stability
from aiops.contracts.receiver import PUSH, Receiver


def _create(settings: NoSettings) -> Receiver:
    from collectors.edge.receiver import EdgeReceiver

    return EdgeReceiver(settings)


PLUGIN: Final = Plugin(
    summary="Edge agents (`aiops edge`) forward what they collected, newest first",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
    tags=(PUSH,),
)
"""The edge receiver."""
