"""Risk of an asset: probability × impact, discounted by the time left."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Crossing
from aiops.domain.series import SeriesKey


@dataclass(frozen=True, slots=True)
class Contribution:
    """One named reason of a risk.

    Attributes:
        source: ``forecast`` or ``anomaly``.
        probability: That this reason alone makes the asset fail within the horizon.
    """

    series: SeriesKey
    source: str
    probability: float
    method: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Risk:
    """How likely an asset fails within the horizon, and what that means.

    Attributes:
        value: 0 to 100, ``probability × impact × urgency``; None when not assessed.
        urgency: 1 when it is due now, falling to 0 with the time left.
        first: The crossing expected first, if any.
        expected_loss: ``probability ×`` price of the outage, in the installation's currency.
        abstained: Why the asset is *not assessed* (shown grey, never green).
    """

    asset: str
    computed_at: datetime
    valid_until: datetime
    horizon: timedelta
    probability: float | None
    impact: float
    urgency: float
    value: float | None
    contributions: tuple[Contribution, ...] = ()
    first: Crossing | None = None
    expected_loss: float = 0.0
    abstained: Abstention = Abstention.NONE
