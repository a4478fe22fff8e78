"""Scores of a detector and the events that follow from them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.metric import Direction
from aiops.domain.series import SeriesKey

TOGETHER: Final = "aiops.asset.together"
"""Metric of an anomaly of a whole asset: what its signals do together."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What a detector says of each cell; higher is stranger.

    Attributes:
        score: ``(n_units, n_times)`` float64 ≥ 0, NaN only where ``reason`` is not 0.
        contribution: ``(n_series, n_times)`` float64 share or score of each row.
        reason: ``(n_units, n_times)`` uint8 of :class:`aiops.domain.abstention.Abstention`.
        expected: ``(n_series, n_times)`` float64 typical value, or None; the side a value
            lies on gives the direction of an anomaly.
    """

    score: NDArray[np.float64]
    contribution: NDArray[np.float64]
    reason: NDArray[np.uint8]
    expected: NDArray[np.float64] | None = None


class Shape(StrEnum):
    """What an anomaly looks like."""

    SPIKE = "spike"
    SHIFT = "shift"
    DRIFT = "drift"
    VARIANCE = "variance"
    SEASON = "season"
    FLAT = "flat"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Guilty:
    """A series that made its asset strange, and its share of what all of them show."""

    series: SeriesKey
    share: float


@dataclass(frozen=True, slots=True)
class Anomaly:
    """An event on a series, or on an asset (its series' metric is then :data:`TOGETHER`).

    Attributes:
        score: Highest −log10 tail probability inside it (3 = once in a thousand cells).
        strength: How strong the alert is; it does not saturate, so that alerts rank.
        end: None while it lasts.
        value, expected: At the strongest cell; of an asset the number of its guilty series, and 0.
        detector: Name and version that decided.
        guilty: Of an asset: the series that stand out, the guiltiest first.
    """

    series: SeriesKey
    start: datetime
    end: datetime | None
    score: float
    strength: float
    shape: Shape
    direction: Direction
    value: float
    expected: float
    detector: str
    guilty: tuple[Guilty, ...] = ()
