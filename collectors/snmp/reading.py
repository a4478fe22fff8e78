"""One number of an agent, and the limit that comes with it."""

from dataclasses import dataclass

from aiops.domain.asset import Asset
from aiops.domain.metric import Metric


@dataclass(frozen=True, slots=True)
class Reading:
    """One number.

    Attributes:
        narrow: Whether it is a counter of 32 bit, which wraps.
        fail, warn: The limit that comes with it.
    """

    asset: Asset
    metric: Metric
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    narrow: bool = False
    fail: float | None = None
    warn: float | None = None
