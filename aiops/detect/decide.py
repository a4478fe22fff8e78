"""Calibrated scores become alerts and events: a budget, hysteresis, one alert per event.

An alert is a new record: stronger than every score of the last ``HOLD`` cells, at most
three days. So a long event alerts once, again only when it grows worse, and alerts rank by
strength.
"""

from dataclasses import dataclass
from math import isnan
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.detect.shape import FACTS, LOOK, shape_of
from aiops.domain.anomaly import Shape
from aiops.domain.metric import Direction
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State

VERSION: Final = "record-2"
BLOCKS: Final = 10
BLOCK_CELLS: Final = 20
HOLD: Final = BLOCKS * BLOCK_CELLS
LONGEST: Final = 3 * 86400 * 10**9
"""ns: what comes three days later is a new event, however slow the series is sampled."""
FLOOR: Final = 2.7
"""Weaker records are no alert at any budget."""
QUIET: Final = 2.0
"""An event ends when the continuous score has come down to this."""
_NOTHING: Final = np.array([np.inf, -np.inf, np.inf, -np.inf])
"""Least and greatest value, and expected one, of a series that has shown none."""
_ONE_SIDED: Final = (Shape.SHIFT, Shape.DRIFT, Shape.SEASON)
"""Their cells say which side it is; the strongest one may be that of the way back."""
_WEEK_NS: Final = 7 * 86400 * 10**9


@dataclass(frozen=True, slots=True)
class Event:
    """An anomaly of one row; it keeps its start while it changes.

    Attributes:
        start, end: ns of cells; end is None while it lasts.
    """

    row: int
    start: int
    end: int | None
    score: float
    strength: float
    shape: Shape
    direction: Direction
    value: float
    expected: float


@dataclass(frozen=True, slots=True)
class Decision:
    """``(n_units, n_times)`` alert strengths and open flags, and the events that changed."""

    alert: NDArray[np.float64]
    is_anomaly: NDArray[np.uint8]
    events: tuple[Event, ...]


def threshold(budget: float, step_ns: int) -> float:
    """Returns the alert strength that clean series pass ``budget`` times per series-week.

    >>> round(threshold(0.1, 60 * 10**9), 2)
    5.0
    """
    return float(thresholds(np.array([budget]), step_ns)[0])


def thresholds(budget: FloatArray, step_ns: int) -> FloatArray:
    """Returns the same by unit."""
    found: FloatArray = np.log10(_WEEK_NS / max(step_ns, 1) / np.maximum(budget, 1e-12))
    return found


def block_cells(step_ns: int) -> int:
    """Returns how many cells share one of the ``BLOCKS`` stored maxima.

    >>> block_cells(60 * 10**9), block_cells(3600 * 10**9)
    (20, 7)
    """
    return max(1, min(BLOCK_CELLS, LONGEST // BLOCKS // step_ns))


def start(n_units: int) -> State:
    """Returns the state of units without an event."""
    return State(
        VERSION,
        {
            "cells": np.zeros(n_units, np.int32),
            "records": np.zeros((n_units, BLOCKS + 1), np.float32),
            "is_open": np.zeros(n_units, np.uint8),
            "start": np.zeros(n_units, np.int64),
            "event": np.zeros((n_units, FACTS)),
            "range": np.tile(
                np.array([np.inf, -np.inf, np.inf, -np.inf], np.float32), (n_units, 1)
            ),
        },
    )


def update(
    state: State,
    strength: NDArray[np.float64],
    score: NDArray[np.float64],
    values: NDArray[np.float64],
    expected: NDArray[np.float64],
    times: IntArray,
    at_least: FloatArray,
    block: int = BLOCK_CELLS,
) -> tuple[State, Decision]:
    """Decides on the new cells.

    Args:
        strength: How rare an alert each cell would be; NaN where the detector abstains.
        score: Continuous score, high through the event.
        at_least: ``(n_units,)`` strength from which an alert opens an event, see
            :func:`thresholds`.
        block: See :func:`block_cells`.
    """
    arrays = {name: array.copy() for name, array in state.arrays.items()}
    alert = np.zeros(strength.shape)
    flag = np.zeros(strength.shape, np.uint8)
    rows, ends, starts, facts, count = _run(
        strength, score, values, expected, times, at_least, block,
        arrays["cells"], arrays["records"], arrays["is_open"], arrays["start"], arrays["event"],
        arrays["range"], alert, flag,
    )  # fmt: skip
    events = [
        _event(int(rows[i]), int(starts[i]), int(ends[i]), facts[i].tolist()) for i in range(count)
    ]
    open_now = np.flatnonzero(arrays["is_open"] & flag.any(axis=1)) if flag.size else ()
    events += [
        _event(int(row), int(arrays["start"][row]), -1, arrays["event"][row].tolist())
        for row in open_now
    ]
    return State(VERSION, arrays), Decision(alert, flag, tuple(events))


def strongest_before(state: State) -> NDArray[np.float64]:
    """Returns the strength that the next cell of each unit has to exceed to be an alert."""
    return np.asarray(state.arrays["records"].max(axis=1), dtype=np.float64)


def ended(state: State, rows: IntArray, at: int) -> tuple[Event, ...]:
    """Returns the open events of the rows as if they ended at ``at`` (ns)."""
    arrays = state.arrays
    return tuple(
        _event(row, int(arrays["start"][row]), at, arrays["event"][row].tolist())
        for row in rows.tolist()
        if arrays["is_open"][row]
    )


def _event(row: int, start_ns: int, end_ns: int, facts: list[float]) -> Event:
    score, strength, value, expected = facts[:4]
    shape = shape_of(facts)
    if isnan(value):
        # What is missing has no value; the last one stands in.
        value = expected
    apart = facts[5] if shape in _ONE_SIDED else value - expected
    direction = Direction.UP if apart >= 0 else Direction.DOWN
    end = None if end_ns < 0 else end_ns
    return Event(row, start_ns, end, score, strength, shape, direction, value, expected)


def _decide(  # noqa: C901, PLR0912, PLR0915 - one compiled loop, its branches are the rules
    strength: Any, score: Any, values: Any, expected: Any, times: Any, at_least: Any, block: int,
    cells: Any, records: Any, is_open: Any, begun: Any, event: Any,
    known: Any, alert: Any, flag: Any,
) -> Any:  # fmt: skip
    units, width = strength.shape
    room = 16
    rows = np.empty(room, np.int64)
    ends = np.empty(room, np.int64)
    starts = np.empty(room, np.int64)
    facts = np.empty((room, FACTS))
    count = 0
    for unit in range(units):
        held = records[unit]
        for t in range(width):
            strong = strength[unit, t]
            if np.isnan(strong):
                flag[unit, t] = is_open[unit]
                continue
            before = 0.0
            for i in range(BLOCKS + 1):
                before = max(before, held[i])
            passes = strong > before and strong >= FLOOR
            if passes:
                alert[unit, t] = strong
            now = cells[unit]
            place = (now // block) % (BLOCKS + 1)
            if now % block == 0:
                held[place] = 0.0
            held[place] = max(held[place], strong)
            cells[unit] = now + 1
            if not is_open[unit] and passes and strong >= at_least[unit]:
                is_open[unit] = 1
                begun[unit] = times[t]
                for i in range(FACTS - 4):
                    event[unit, i] = 0.0
                for i in range(4):
                    event[unit, FACTS - 4 + i] = known[unit, i]
            if is_open[unit]:
                facts_now = event[unit]
                if score[unit, t] < QUIET and strong < max(at_least[unit], FLOOR):
                    if count == len(rows):
                        room = 2 * count
                        rows = np.concatenate((rows, np.empty(count, np.int64)))
                        ends = np.concatenate((ends, np.empty(count, np.int64)))
                        starts = np.concatenate((starts, np.empty(count, np.int64)))
                        facts = np.concatenate((facts, np.empty((count, FACTS))))
                    rows[count] = unit
                    starts[count] = begun[unit]
                    ends[count] = times[t]
                    facts[count] = facts_now
                    count += 1
                    is_open[unit] = 0
                else:
                    facts_now[0] = max(facts_now[0], score[unit, t])
                    facts_now[4] += 1.0
                    value = values[unit, t]
                    if strong > facts_now[1]:
                        facts_now[1] = strong
                        facts_now[2] = values[unit, t]
                        facts_now[3] = expected[unit, t]
                    if facts_now[4] <= LOOK:
                        apart = value - expected[unit, t]
                        facts_now[5] += np.sign(apart)
                        facts_now[7] += facts_now[4] > 1 and value == facts_now[6]
                        facts_now[6] = value
                        facts_now[8] += abs(apart) >= 0.5 * abs(facts_now[2] - facts_now[3])
                        if np.isfinite(apart):
                            facts_now[9] += apart
                            facts_now[10] += apart * apart
                            facts_now[11] += (facts_now[4] - 1.0) * apart
            elif not np.isnan(values[unit, t]):
                span = known[unit]
                span[0] = min(span[0], values[unit, t])
                span[1] = max(span[1], values[unit, t])
                span[2] = min(span[2], expected[unit, t])
                span[3] = max(span[3], expected[unit, t])
            flag[unit, t] = is_open[unit]
    return rows, ends, starts, facts, count


_run = njit(cache=True, nogil=True)(_decide)
