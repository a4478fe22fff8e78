"""Settings of the prometheus collector."""

from dataclasses import dataclass, field
from datetime import timedelta

from collectors._web.settings import AccountSettings


@dataclass(frozen=True, slots=True)
class PrometheusSettings(AccountSettings):
    """One endpoint to scrape."""

    url: str = field(metadata={"help": "Address to scrape, such as http://db-07:9100/metrics."})
    asset: str = field(
        default="", metadata={"help": "Key of the asset it speaks of; empty: host:port."}
    )
    mapping: str = field(
        default="auto",
        metadata={"help": "auto, none, or the name of a mapping such as node_exporter."},
    )
    unmapped: bool = field(
        default=False,
        metadata={"help": "Also keep what the mapping of a known exporter does not name."},
    )
    include: tuple[str, ...] = field(
        default=(), metadata={"help": "Patterns of metric names to keep; empty: all."}
    )
    exclude: tuple[str, ...] = field(
        default=("go_*", "promhttp_*", "scrape_*"),
        metadata={"help": "Patterns of metric names to leave out."},
    )
    buckets: bool = field(default=False, metadata={"help": "Keep histogram buckets as counters."})
    honor_timestamps: bool = field(
        default=True, metadata={"help": "Use the times that the endpoint gives, where it does."}
    )
    accept_late: timedelta = field(
        default=timedelta(days=7), metadata={"help": "Samples with an older time are dropped."}
    )
    accept_future: timedelta = field(
        default=timedelta(minutes=10),
        metadata={"help": "Samples with a time further ahead are dropped."},
    )
    max_body_bytes: int = field(
        default=16 << 20, metadata={"help": "A longer body, decompressed, is refused."}
    )
    max_samples: int = field(
        default=50_000, metadata={"help": "A scrape with more samples is refused."}
    )
