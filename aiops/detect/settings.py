"""Settings of the detect stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


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
