"""Settings of an edge agent's way to its centre."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiops.contracts.secret import Secret


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """Where an edge agent sends what it collects; it also works alone while the link is down."""

    url: str = field(
        default="", metadata={"help": "The centre: https://host:8420; empty: nothing is sent."}
    )
    token: Secret = field(
        default=Secret(""), metadata={"help": "The centre's `aiops token create` made it."}
    )
    ca_file: str = field(
        default="", metadata={"help": "PEM of who signed the centre's certificate."}
    )
    certificate: str = field(
        default="", metadata={"help": "Own PEM certificate, where the centre asks for one."}
    )
    key: str = field(default="", metadata={"help": "Key of the own certificate, mode 0600."})
    max_bytes: int = field(
        default=512 << 20,
        metadata={"help": "What waits for the link; beyond it the oldest is dropped, counted."},
    )
    max_age: timedelta = field(
        default=timedelta(days=7), metadata={"help": "Samples wait at most this long."}
    )
    timeout: timedelta = field(
        default=timedelta(seconds=30), metadata={"help": "One request, all in all."}
    )
