"""Receives OpenTelemetry metrics by OTLP over HTTP and gRPC."""

from typing import Final

from aiops.contracts.plugin import Plugin, Stability
from aiops.contracts.receiver import PUSH, Receiver
from collectors.otlp.settings import OtlpSettings


def _create(settings: OtlpSettings) -> Receiver:
    from collectors.otlp.receiver import OtlpReceiver

    return OtlpReceiver(settings)


PLUGIN: Final = Plugin(
    summary="OpenTelemetry SDKs and collectors push metrics to us by OTLP over HTTP or gRPC",
    settings=OtlpSettings,
    create=_create,
    stability=Stability.BETA,
    extra="otlp",
    tags=(PUSH,),
)
"""The otlp receiver."""
