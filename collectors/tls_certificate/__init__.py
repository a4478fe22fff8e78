"""Reads how long the certificates of servers are still valid."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.tls_certificate.settings import TlsCertificateSettings


def _create(settings: TlsCertificateSettings) -> Collector:
    from collectors.tls_certificate.collector import TlsCertificateCollector

    return TlsCertificateCollector(settings)


PLUGIN: Final = Plugin(
    summary="Days until the certificates of TLS servers expire",
    settings=TlsCertificateSettings,
    create=_create,
    stability=Stability.BETA,
    extra="tls_certificate",
)
"""The tls_certificate collector."""
