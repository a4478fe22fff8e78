"""Settings of the mqtt collector."""

from dataclasses import dataclass, field
from enum import StrEnum

from aiops.contracts.secret import Secret
from collectors._rule import RuleSettings


class Encoding(StrEnum):
    """How messages are written."""

    JSON = "json"
    SPARKPLUG = "sparkplug"


@dataclass(frozen=True, slots=True)
class TopicSettings(RuleSettings):
    """What the messages of some topics mean; only topics named here are read."""

    topic: str = field(metadata={"help": "Filter to subscribe to; + is one level, # the rest."})
    asset: str = field(metadata={"help": "Key of the asset; {1} is the first level of the topic."})
    metric: str = field(
        metadata={"help": "Name of the metric; {1} … as above, {key} with value `*`."}
    )
    encoding: Encoding = field(
        default=Encoding.JSON,
        metadata={
            "help": "json, or sparkplug: asset has {group}, {node}, {device} and metric {key} then."
        },
    )
    value: str = field(
        default="",
        metadata={"help": "Member of the JSON: a.b, or * for every number; empty: the payload."},
    )
    time: str = field(
        default="", metadata={"help": "Member with the time (ISO or epoch); empty: arrival."}
    )
    kind: str = field(default="device", metadata={"help": "Kind of the asset."})


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """A broker and the topics that are read."""

    host: str = field(metadata={"help": "Host of the broker."})
    client_id: str = field(
        metadata={"help": "Unique at the broker: it keeps messages for this name while we are off."}
    )
    topics: tuple[TopicSettings, ...] = field(metadata={"help": "What to read."})
    port: int = field(default=1883, metadata={"help": "Port of the broker; 8883 with TLS."})
    tls: bool = field(default=False, metadata={"help": "Connect with TLS."})
    ca_file: str = field(
        default="", metadata={"help": "Certificates to trust instead of the system's."}
    )
    username: str = field(default="", metadata={"help": "Name at the broker."})
    password: Secret | None = field(
        default=None, metadata={"help": "Its password (env: or file:)."}
    )
    rebirth: bool = field(
        default=True,
        metadata={"help": "Ask nodes of Sparkplug B that are not known yet what they have."},
    )
    qos: int = field(
        default=1, metadata={"help": "0 or 1; with 1 nothing is lost.", "minimum": 0, "maximum": 1}
    )
    session_seconds: int = field(
        default=86_400,
        metadata={"help": "How long the broker keeps messages while we are away.", "minimum": 0},
    )
    max_payload_bytes: int = field(
        default=1 << 20, metadata={"help": "The broker is told to send nothing longer."}
    )
    max_messages: int = field(
        default=50_000, metadata={"help": "So many wait here; the rest waits at the broker."}
    )
