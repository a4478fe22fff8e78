"""Subscribes to an MQTT broker; a message is acknowledged when its samples are durable."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.mqtt.settings import MqttSettings


def _create(settings: MqttSettings) -> Collector:
    from collectors.mqtt.collector import MqttCollector

    return MqttCollector(settings)


PLUGIN: Final = Plugin(
    summary="MQTT topics with numbers, JSON or Sparkplug B; QoS 1, acknowledged when durable",
    settings=MqttSettings,
    create=_create,
    stability=Stability.BETA,
    extra="mqtt",
    tags=("in_process",),
)
"""The mqtt collector."""
