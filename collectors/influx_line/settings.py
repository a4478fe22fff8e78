"""Settings of the influx_line receiver."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class InfluxLineSettings:
    """How points become series."""

    asset_tag: str = field(
        default="host", metadata={"help": "Tag that names the asset; without it: the source."}
    )
    buckets: tuple[str, ...] = field(
        default=(), metadata={"help": "Names of buckets (or databases) to take; empty: all."}
    )
    booleans: bool = field(
        default=False, metadata={"help": "Take true and false as 1 and 0; else they are dropped."}
    )
    telegraf: bool = field(
        default=True,
        metadata={"help": "Know Telegraf's disk, mem, swap, system and cpu; volumes are assets."},
    )
    counters: tuple[str, ...] = field(
        default=(
            "net_bytes_*",
            "net_packets_*",
            "net_err_*",
            "net_drop_*",
            "diskio_reads",
            "diskio_writes",
            "diskio_*_bytes",
            "diskio_*_time",
        ),
        metadata={"help": "Patterns of measurement_field names that only grow."},
    )
