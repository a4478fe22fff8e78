"""Settings of the detect stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any


class MissingPolicy(StrEnum):
    """What a cell without a sample is."""

    IGNORE = "ignore"
    ALERT = "alert"
    ZERO = "zero"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class OverrideSettings:
    """What differs for a team, a group of assets or a metric; later entries win."""

    match: str = field(default="*", metadata={"help": "Key of an asset, or a pattern: db-*."})
    team: str = field(
        default="", metadata={"help": "Only assets this team answers for; empty: any team's."}
    )
    metric: str = field(default="*", metadata={"help": "Name of a metric, or a pattern: http.*."})
    budget: float | None = field(
        default=None, metadata={"help": "False alarms allowed per series and week."}
    )
    minimum_effect: float | None = field(
        default=None, metadata={"help": "Smaller relative deviations are no alert."}
    )
    missing: MissingPolicy | None = field(
        default=None,
        metadata={
            "help": "A cell without a sample: ignore; alert (a gap longer than its gaps are); "
            "zero (it counts as 0: errors by template); hold (sent on change only)."
        },
    )


@dataclass(frozen=True, slots=True)
class DetectSettings:
    """How anomalies are found."""

    detector: str = field(
        default="novelty", metadata={"help": "Detector plug-in, see `aiops plugins`."}
    )
    settings: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "Settings of the detector."}
    )
    budget: float = field(
        default=0.1, metadata={"help": "False alarms allowed per series and week."}
    )
    minimum_effect: float = field(
        default=0.0, metadata={"help": "Smaller relative deviations are no alert (0.05 = 5 %)."}
    )
    overrides: tuple[OverrideSettings, ...] = field(
        default=(), metadata={"help": "What differs for teams, groups of assets and metrics."}
    )
    countries: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"help": "Site (a pattern) to the country whose holidays it keeps: {'*': CN}."},
    )
    lateness: timedelta = field(
        default=timedelta(0),
        metadata={"help": "A cell is analysed this long after its end; 0s: one step at most 2m."},
    )
    checkpoint_every: timedelta = field(
        default=timedelta(minutes=15), metadata={"help": "How often states are saved."}
    )
    catch_up: timedelta = field(
        default=timedelta(hours=24), metadata={"help": "Older missed windows are skipped."}
    )
