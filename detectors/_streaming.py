"""What streaming methods share: a compiled loop over series and cells, state in two arrays.

A method is a loop that reads and changes the numbers of each series and passes over cells that
are not good. Values that no measured thing has are bad data, so that squares stay finite.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.contracts.detector import DetectorScope
from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel
from aiops.domain.state import State

WARM_UP: Final = 64
"""Cells before the first score, as in :mod:`detectors.novelty`."""
PHASES: Final = 48
"""Half hours of a day."""
DAY_PARTS_SECONDS: Final = 86400 // PHASES
LARGEST: Final = 1e100
HIGHEST: Final = 200.0
"""Scores are logarithms of probabilities; beyond e^-200 all is equally impossible."""

Loop = Callable[..., None]
"""``(values, good, seen, numbers, phase, options, score, expected)``, see :mod:`detectors.ewma`."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """A detector of single series made of a compiled loop.

    Attributes:
        width: How many numbers a series keeps.
        options: Settings as numbers; the seconds of a cell are put behind them.
    """

    version: str
    loop: Loop
    width: int
    options: tuple[float, ...] = ()
    warm_up: int = WARM_UP
    scope: DetectorScope = field(default=DetectorScope.SERIES)

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        arrays = {"seen": np.zeros(n_units), "numbers": np.zeros((n_units, self.width))}
        return State(self.version, arrays)

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells and returns the state after them."""
        seen, numbers = state.arrays["seen"], state.arrays["numbers"].copy()
        good = panel.usable & (np.abs(panel.values) < LARGEST)
        values = np.where(np.abs(panel.values) < 1.0 / LARGEST, 0.0, panel.values)
        score, expected = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
        options = np.array([*self.options, max(panel.step.total_seconds(), 1e-3)])
        self.loop(values, good, seen, numbers, day_parts(panel), options, score, expected)
        count = seen[:, None] + np.cumsum(good, axis=1)
        reason = np.where(np.isnan(panel.values), Abstention.MISSING, Abstention.BAD_DATA)
        reason = np.where(good, Abstention.NONE, reason)
        reason = np.where(good & (count <= self.warm_up), Abstention.WARMING_UP, reason)
        score = np.where(reason == Abstention.NONE, np.clip(score, 0.0, HIGHEST), np.nan)
        scores = Scores(score, score, reason.astype(np.uint8), expected)
        after = {"seen": seen + good.sum(axis=1), "numbers": numbers}
        return State(self.version, after), scores


def day_parts(panel: Panel) -> NDArray[np.int16]:
    """Returns the half hour of the day of each cell in its zone, -1 without a calendar."""
    if panel.calendar is None:
        return np.full(panel.values.shape, -1, np.int16)
    part = (panel.calendar.day_phase // DAY_PARTS_SECONDS).astype(np.int16)
    return part[panel.calendar.zone]


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator] # numba has no types
def surprise(apart: float, scale: float) -> float:
    """Returns −ln of a Student density at a distance in scales, with 3 degrees of freedom.

    Where there is no scale yet, any distance is a distance of four.
    """
    ratio = 4.0 if apart != 0 else 0.0
    if scale > 0:
        ratio = min(abs(apart) / scale, 1e40)
    return float(2.0 * np.log1p(ratio * ratio / 3.0))


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator] # numba has no types
def limited(apart: float, scale: float, seen: float) -> float:
    """Returns the part of a residual that what is learnt moves by: four scales at most.

    Source: Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical
    Statistics 35, 1964.
    """
    if seen < WARM_UP / 2 or scale <= 0:
        return apart
    return min(max(apart, -4.0 * scale), 4.0 * scale)


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator] # numba has no types
def pace(seen: float, cells: float) -> float:
    """Returns the share of a new value in a mean: a plain mean at first, then over ``cells``."""
    return max(1.0 / (seen + 1.0), 1.0 / cells)


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator] # numba has no types
def follow_season(season: Any, part: int, held: float, step: float) -> None:
    """Moves the usual residual of a half hour, averaged over about five days.

    The first day is believed by half, for most series have no season.

    ``season`` holds PHASES usual values and behind them how often each was seen.
    """
    day = DAY_PARTS_SECONDS / step
    share = max(1.0 / max(1.0, 5.0 * day), 1.0 / (season[PHASES + part] + 1.0 + day))
    season[part] += share * held
    season[PHASES + part] += 1.0


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator] # numba has no types
def least_scale(bounds: Any, rest: float, seen: float) -> float:
    """Returns a part of the range of residuals before this one, and widens it; it fades slowly.

    A state that seldom flips has hardly any scale, and is not stranger for it.
    """
    if seen == 0:
        bounds[0], bounds[1] = rest, rest
    low, high = bounds
    fade = 1e-4 * (high - low)
    bounds[0], bounds[1] = min(low + fade, rest), max(high - fade, rest)
    return float(0.03 * (high - low))


def compile_loop(loop: Callable[..., None]) -> Loop:
    """Returns the loop, compiled at its first call and kept on disk."""
    compiled: Loop = njit(cache=True, nogil=True, error_model="numpy")(loop)
    return compiled
