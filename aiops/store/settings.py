"""Settings of the stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where data is kept, and for how long."""

    directory: str = field(default="data", metadata={"help": "Everything on disk lies here."})
    series: str = field(
        default="duckdb", metadata={"help": "Series store plug-in: duckdb, memory …"}
    )
    settings: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "Settings of the series store."}
    )
    ledger_url: str = field(
        default="", metadata={"help": "SQLAlchemy URL; empty: ledger.db in the directory."}
    )
    window: timedelta = field(
        default=timedelta(hours=26), metadata={"help": "Span of the live window."}
    )
    window_max_bytes: int = field(
        default=1 << 30, metadata={"help": "Beyond it a step class reads from the store."}
    )
    retention: timedelta = field(
        default=timedelta(days=90), metadata={"help": "Raw samples are kept this long."}
    )
    spool_max_bytes: int = field(
        default=2 << 30,
        metadata={"help": "What waits for a remote store; beyond it the oldest is dropped."},
    )
    spool_max_age: timedelta = field(
        default=timedelta(hours=72), metadata={"help": "Samples wait at most this long."}
    )
