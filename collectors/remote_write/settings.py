"""Settings of the remote_write receiver."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RemoteWriteSettings:
    """How series of an agent are placed."""

    asset_label: str = field(
        default="instance",
        metadata={"help": "Label that names the asset; without it: the source itself."},
    )
    mapping: str = field(
        default="auto",
        metadata={"help": "auto, none, or a mapping of the prometheus collector."},
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
    max_samples: int = field(
        default=100_000, metadata={"help": "A body with more samples is refused."}
    )
