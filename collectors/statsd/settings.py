"""Settings of the statsd collector."""

from dataclasses import dataclass, field
from enum import StrEnum


class Transport(StrEnum):
    """How lines come."""

    UDP = "udp"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class StatsdSettings:
    """Where to listen and how lines become series."""

    bind: str = field(default="127.0.0.1", metadata={"help": "Address to listen on."})
    port: int = field(default=8125, metadata={"help": "Port; 0 takes a free one."})
    transport: Transport = field(default=Transport.UDP, metadata={"help": "udp or tcp."})
    allow: tuple[str, ...] = field(
        default=("127.0.0.0/8", "::1/128"),
        metadata={"help": "Networks that may send; StatsD itself knows no token."},
    )
    asset: str = field(
        default="",
        metadata={"help": "Asset of lines without the tag; empty: the sender's address."},
    )
    asset_tag: str = field(default="host", metadata={"help": "Tag that names the asset."})
    quantiles: tuple[float, ...] = field(
        default=(0.5, 0.95, 0.99), metadata={"help": "Quantiles of timers and histograms."}
    )
    max_series: int = field(
        default=10_000, metadata={"help": "Lines of further series are refused and counted."}
    )
