"""Settings of the simulated fleet."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SimulatedSettings:
    """How big the fleet is and how fast it lives."""

    assets: int = field(
        default=24, metadata={"help": "Number of simulated things, besides the hosts they sit on."}
    )
    seed: int = field(default=7, metadata={"help": "Another seed is another fleet."})
    speed: float = field(
        default=600.0, metadata={"help": "Simulated seconds per real second; 600: a day in 144 s."}
    )
    step: timedelta = field(
        default=timedelta(seconds=2),
        metadata={"help": "Real time between two samples; the source's interval."},
    )
    history: timedelta = field(
        default=timedelta(minutes=30),
        metadata={"help": "Real time before the first start that is filled with history."},
    )
