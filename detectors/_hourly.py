"""What methods share that keep the hours of the last four weeks and fit a model to them each day.

A model says what is usual in each hour of the local week; a compiled loop judges the cells by it.
Fits are what costs: which rows are due for one can be told beforehand, so that they may be sent
to the executor.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.detector import DetectorScope
from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State
from detectors._streaming import LARGEST, Loop

DAY: Final = 24
WEEK: Final = 168
NUMBERS: Final = 7
"""Of each series; the last two are the sum and the count of the hour that is being filled."""
_PAST: Final = 28 * DAY
_LEAST: Final = 2 * DAY
"""Hours before the first fit: two days, and up to one more by the series' id."""
_HOUR_NS: Final = 3600 * 10**9
_NEVER: Final = -(2**62)

Fit = Callable[[FloatArray, NDArray[np.int16]], FloatArray]
"""From ``(n,)`` hours, NaN where there was no sample, and the hour of the local week of each, to
``(tables, WEEK)`` numbers for the hours that follow."""


@dataclass(frozen=True, slots=True)
class Hourly:
    """Scores a fleet; one unit is one series.

    Attributes:
        loop: ``(values, good, numbers, usual, part, fitted, score, expected)`` of one hour.
        tables: How many numbers an hour of the week has.
        milliseconds: CPU time of one fit, roughly.
    """

    version: str
    fit: Fit
    loop: Loop
    tables: int
    milliseconds: float
    scope: DetectorScope = field(default=DetectorScope.SERIES)

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        return State(
            self.version,
            {
                "past": np.full((n_units, _PAST), np.nan),
                "part": np.zeros((n_units, _PAST), np.int16),
                "hour": np.full(n_units, _NEVER, np.int64),
                "begun": np.full(n_units, _NEVER, np.int64),
                "fitted": np.full(n_units, _NEVER, np.int64),
                "usual": np.zeros((n_units, self.tables, WEEK)),
                "numbers": np.zeros((n_units, NUMBERS)),
            },
        )

    def cost(self, state: State, panel: Panel) -> FloatArray:
        """Returns the CPU milliseconds of the fits that fall due in these cells, by row."""
        if not len(panel.times):
            return np.zeros(len(panel.series))
        first, last = (int(at) for at in panel.times[[0, -1]] // _HOUR_NS)
        begun = np.where(state.arrays["begun"] == _NEVER, first, state.arrays["begun"])
        due = np.maximum(begun + _wait(panel.series), state.arrays["fitted"] + DAY)
        fits = (last - np.maximum(due, first)) // DAY + 1
        return np.asarray(self.milliseconds * np.maximum(fits, 0), dtype=np.float64)

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells and returns the state after them."""
        arrays = {name: array.copy() for name, array in state.arrays.items()}
        good = panel.usable & (np.abs(panel.values) < LARGEST)
        values = np.where(np.abs(panel.values) < 1.0 / LARGEST, 0.0, panel.values)
        score, expected = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
        hours = panel.times // _HOUR_NS
        edges = np.flatnonzero(np.diff(hours) != 0) + 1
        for begin, end in pairwise([0, *edges.tolist(), len(hours)]):
            if begin == end:
                continue
            hour, cut = int(hours[begin]), slice(begin, end)
            part = _parts(panel, begin)
            self._close(arrays, hour, panel.series)
            fresh = arrays["hour"] < hour
            arrays["hour"][fresh] = hour
            arrays["begun"][arrays["begun"] == _NEVER] = hour
            arrays["part"][np.arange(len(values)), arrays["hour"] % _PAST] = part
            self.loop(
                values[:, cut], good[:, cut], arrays["numbers"], arrays["usual"], part,
                arrays["fitted"] != _NEVER, score[:, cut], expected[:, cut],
            )  # fmt: skip
        reason = np.where(np.isnan(panel.values), Abstention.MISSING, Abstention.BAD_DATA)
        reason = np.where(good, Abstention.NONE, reason)
        reason = np.where(good & np.isnan(score), Abstention.WARMING_UP, reason).astype(np.uint8)
        return State(self.version, arrays), Scores(score, score, reason, expected)

    def _close(self, arrays: dict[str, NDArray[Any]], hour: int, series: IntArray) -> None:
        """Writes the hours that have ended, and fits once a day."""
        numbers, wait = arrays["numbers"], _wait(series)
        for row in np.flatnonzero((arrays["hour"] < hour) & (arrays["hour"] != _NEVER)):
            last, past = int(arrays["hour"][row]), arrays["past"][row]
            full = numbers[row, -1] > 0
            past[last % _PAST] = numbers[row, -2] / numbers[row, -1] if full else np.nan
            numbers[row, -2:] = 0.0
            for missing in range(max(last + 1, hour - _PAST), hour):
                past[missing % _PAST] = np.nan
            begun = max(int(arrays["begun"][row]), hour - _PAST)
            if hour - begun < wait[row] or hour - arrays["fitted"][row] < DAY:
                continue
            at = np.arange(begun, hour) % _PAST
            if np.isfinite(past[at]).sum() < _LEAST:
                continue
            arrays["usual"][row] = self.fit(past[at], arrays["part"][row, at])
            arrays["fitted"][row] = hour


def _wait(series: IntArray) -> IntArray:
    """Returns hours before a first fit: series of one age take turns, so no hour is crowded."""
    return np.asarray(_LEAST + series % DAY, dtype=np.int64)


def _parts(panel: Panel, at: int) -> NDArray[np.int64]:
    """Returns the hour of the local week of each row at a cell."""
    if panel.calendar is None:
        hour = int(panel.times[at] // _HOUR_NS) % WEEK
        return np.full(len(panel.series), hour, np.int64)
    phase = panel.calendar.week_phase[panel.calendar.zone, at] // 3600
    return np.asarray(phase, np.int64)
