"""Settings of the executor."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class ExecutorSettings:
    """Where models that cost much run; cheap ones never leave the daemon."""

    type: str = field(
        default="local", metadata={"help": "Executor plug-in: local (processes), dask (machines)."}
    )
    settings: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "Settings of the executor."}
    )
    deadline: timedelta = field(
        default=timedelta(minutes=5),
        metadata={"help": "Time for the models of one round; the rest abstains, with the reason."},
    )
