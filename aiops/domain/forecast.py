"""Forecasts of fleets, and the crossing of a limit."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.abstention import Abstention
from aiops.domain.metric import Direction
from aiops.domain.panel import Calendar
from aiops.domain.series import FloatArray, IntArray, SeriesKey

REMAINING_LIFE: Final = "aiops.asset.remaining_life"
"""Metric of a crossing that was learnt from earlier failures: hours left, failed at 0."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the future or of the values' nature when forecasting.

    Attributes:
        calendar: Season phases of the ``horizon`` future cells, same zones as the panel's.
        floor, ceiling: ``(n_series,)`` physical bounds, ±inf where there is none.
        growth: What-if: multiplies the trend (1 = as it is).
        added: What-if: ``(n_series,)`` amount added at once, in the series' unit.
    """

    calendar: Calendar | None = None
    floor: FloatArray | None = None
    ceiling: FloatArray | None = None
    growth: float = 1.0
    added: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a band has held of the cells that earlier forecasts spoke of.

    Attributes:
        promised: Share it should hold.
        held: Share it held.
        cells: Of so many.
    """

    promised: float
    held: float
    cells: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Quantiles of many series, monotone in the level.

    Attributes:
        series: ``(n_series,)`` ids.
        origin: ns, end of the last cell that was used; step k covers
            ``[origin + (k-1)·step, origin + k·step)``.
        levels: ``(n_levels,)`` ascending, 0 < level < 1.
        quantiles: ``(n_series, horizon, n_levels)``; NaN rows only where ``reason`` ≠ 0.
        paths: ``(n_series, n_paths, horizon)`` float32 equally likely futures, or None.
            Probabilities of a first crossing come from paths, never from the quantiles.
        reason: ``(n_series,)`` uint8 of :class:`Abstention`.
        coverage: Of one row's bands, the widest first; empty where nothing was measured.
    """

    series: IntArray
    origin: int
    step: timedelta
    levels: FloatArray
    quantiles: FloatArray
    reason: NDArray[np.uint8]
    method: str
    version: str
    paths: NDArray[np.float32] | None = None
    coverage: tuple[Coverage, ...] = ()

    @property
    def horizon(self) -> int:
        """Number of steps ahead."""
        return int(self.quantiles.shape[1])


@dataclass(frozen=True, slots=True)
class Milestone:
    """A warning on the way to the limit: when it is first met, given that it is.

    Attributes:
        probability: That it is met within the crossing's horizon.
    """

    limit: float
    probability: float
    early: datetime | None = None
    late: datetime | None = None


@dataclass(frozen=True, slots=True)
class Crossing:
    """When a series first meets its limit: a range and its probability, or a reason for none.

    Attributes:
        horizon: How far ahead was looked, from ``origin``.
        probability: That the limit is met within the horizon; None where nothing is known of it.
            Where it abstains for want of a trend, how often the fleet has met it without one.
        early, likely, late: 10, 50 and 90 % quantiles of the time, given that it is met.
        abstained: Reason code, ``Abstention.NONE`` when an answer is given.
        method: Name and version of the forecaster.
        value: Last value seen.
        growth: Trend of the last part of the history, unit per second (for the sentence).
        warn: The warning level before the limit, where there is one still to come.
        of: Metric that the limit is a share of, and ``share`` how much of it.
        learnt_from: Failures that the limit, or the life, was learnt from.
        failure: Kind of failure that is on its way, where that is known.
    """

    series: SeriesKey
    origin: datetime
    horizon: timedelta
    limit: float
    direction: Direction
    probability: float | None = None
    early: datetime | None = None
    likely: datetime | None = None
    late: datetime | None = None
    abstained: Abstention = Abstention.NONE
    method: str = ""
    value: float = field(default=float("nan"))
    growth: float = field(default=float("nan"))
    warn: Milestone | None = None
    of: str = ""
    share: float | None = None
    learnt_from: int = 0
    failure: str = ""

    @property
    def foreseen(self) -> float | None:
        """The probability as far as there is a way to the limit; None where it abstains.

        Nothing is opened on a rate alone: without a time there is nothing to act by.
        """
        if self.probability is None or self.abstained is not Abstention.NONE:
            return None
        return self.probability if self.early is not None else 0.0


@dataclass(frozen=True, slots=True)
class Life:
    """Remaining useful life of an asset, in the unit of its history's time column."""

    asset: str
    p10: float
    p50: float
    p90: float
    health: float
