"""Settings of the embedded series store."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class DuckdbSettings:
    """How the embedded store keeps its files."""

    directory: str = field(default="", metadata={"help": "Empty: below the data directory."})
    memory_limit: str = field(
        default="512MB", metadata={"help": "Memory the engine may use; it spills to disk beyond."}
    )
    threads: int = field(default=0, metadata={"help": "Threads of a read; 0: one per core."})
    wal_checkpoint: str = field(
        default="16MB", metadata={"help": "The log is folded into the file at this size."}
    )
    close_after: timedelta = field(
        default=timedelta(hours=2),
        metadata={"help": "A day becomes a Parquet file this long after its end."},
    )
    keep_hourly: timedelta = field(
        default=timedelta(days=400),
        metadata={"help": "Hourly roll-ups are kept this much longer than samples."},
    )
