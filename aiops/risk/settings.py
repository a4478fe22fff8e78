"""Settings of the risk stage."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """How a risk is weighed."""

    horizon: timedelta = field(
        default=timedelta(days=7), metadata={"help": "Risk is the chance of failure within it."}
    )
    outage: timedelta = field(
        default=timedelta(hours=4),
        metadata={"help": "Expected length of an outage, for the expected loss."},
    )
