"""Settings of the forecast stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class ForecastSettings:
    """How limits are foreseen."""

    forecaster: str = field(
        default="trend", metadata={"help": "Forecaster plug-in for the whole fleet."}
    )
    settings: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "Settings of the forecaster."}
    )
    every: timedelta = field(
        default=timedelta(0),
        metadata={"help": "Cadence; 0s: twelve cells, at most an hour, at least one cell."},
    )
    horizon: timedelta = field(
        default=timedelta(days=7), metadata={"help": "How far ahead limits are looked for."}
    )
    history: timedelta = field(
        default=timedelta(days=14), metadata={"help": "How far back is looked."}
    )
    ensemble: str = field(
        default="auto",
        metadata={"help": "Forecaster plug-in the likeliest few are asked of too; empty: none."},
    )
    ensemble_share: float = field(
        default=0.05, metadata={"help": "At most this share of the limits is asked of it."}
    )
    ensemble_budget: timedelta = field(
        default=timedelta(seconds=30),
        metadata={"help": "CPU time that it may take in one round; the rest keeps its forecast."},
    )
