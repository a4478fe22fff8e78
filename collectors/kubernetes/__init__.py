"""Reads nodes, pods and persistent volumes of a Kubernetes cluster."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.kubernetes.settings import KubernetesSettings


def _create(settings: KubernetesSettings) -> Collector:
    from collectors.kubernetes.collector import KubernetesCollector

    return KubernetesCollector(settings)


PLUGIN: Final = Plugin(
    summary="Kubernetes: nodes, pods and persistent volumes; their limits become limits",
    settings=KubernetesSettings,
    create=_create,
    stability=Stability.EXPERIMENTAL,
    extra="kubernetes",
)
"""The kubernetes collector."""
