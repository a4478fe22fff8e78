"""Scores of a detector and the events that follow from them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from aiops.domain.metric import Direction
from aiops.domain.series import SeriesKey


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
class Anomaly:
    """An event on a series.

    Attributes:
        score: Highest −log10 tail probability inside it (3 = once in a thousand cells).
        strength: How strong the alert is; it does not saturate, so that alerts rank.
        end: None while it lasts.
        value, expected: At the strongest cell.
        detector: Name and version that decided.
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
