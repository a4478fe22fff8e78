"""Cells without a sample: passed over, filled, or an event of their own.

A gap is as rare as gaps of its length were among the series' own cells, and beyond the longest it
gains on by its logarithm. What was never missing alerts within minutes; what comes and goes does
not.
"""

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.detect.terms import Gap
from aiops.domain.panel import Panel, Quality
from aiops.domain.state import State

VERSION: Final = "silence-1"
BINS: Final = 16
"""Octaves of the length of a gap."""
LEAST: Final = 3.0
"""Weaker than this a gap is like the others: it neither opens an event nor ends one."""
_GAIN: Final = 2.0
"""Strength gained by each tenfold of the longest gap so far."""
_IGNORE, _ALERT, _ZERO = int(Gap.IGNORE), int(Gap.ALERT), int(Gap.ZERO)


def start(n_units: int) -> State:
    """Returns the state of series that have seen nothing."""
    return State(
        VERSION,
        {
            "last": np.full(n_units, np.nan),
            "run": np.zeros(n_units, np.int32),
            "longest": np.zeros(n_units, np.int32),
            "cells": np.zeros(n_units),
            "gaps": np.zeros((n_units, BINS), np.float32),
        },
    )


def update(
    state: State, panel: Panel, policy: NDArray[np.int8]
) -> tuple[State, Panel, NDArray[np.float64], NDArray[np.float64]]:
    """Returns the state after the cells and the panel with what is to be filled filled.

    Args:
        policy: ``(n,)`` :class:`~aiops.detect.terms.Gap`.

    Returns:
        Also the strength of the silence in each cell, NaN where it is none, and the last value
        before it.
    """
    arrays = {name: array.copy() for name, array in state.arrays.items()}
    values = panel.values.copy()
    strength, last = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    missing = panel.quality == Quality.MISSING
    _run(
        missing, panel.usable, policy, arrays["last"], arrays["run"], arrays["longest"],
        arrays["cells"], arrays["gaps"], values, strength, last,
    )  # fmt: skip
    filled = missing & np.isfinite(values)
    quality = np.where(filled, Quality.OK, panel.quality).astype(np.uint8)
    told = Panel(
        panel.series, panel.step, panel.times, values, quality, panel.aggregation,
        panel.calendar, panel.groups, panel.ordinal,
    )  # fmt: skip
    return State(VERSION, arrays), told, strength, last


def _silence(  # noqa: C901 - one compiled loop
    missing: Any, usable: Any, policy: Any, held: Any, run: Any, longest: Any, cells: Any,
    gaps: Any, values: Any, strength: Any, last: Any,
) -> None:  # fmt: skip
    units, width = missing.shape
    for unit in range(units):
        if policy[unit] == _IGNORE:
            continue
        for t in range(width):
            if usable[unit, t]:
                if run[unit] > 0:
                    gaps[unit, min(int(np.log2(run[unit])), BINS - 1)] += 1
                    longest[unit] = max(longest[unit], run[unit])
                run[unit] = 0
                held[unit] = values[unit, t]
                cells[unit] += 1.0
                continue
            if not missing[unit, t] or np.isnan(held[unit]):
                continue
            if policy[unit] == _ZERO:
                values[unit, t] = 0.0
            elif policy[unit] != _ALERT:
                values[unit, t] = held[unit]
            else:
                run[unit] += 1
                longer = 0.5
                for i in range(min(int(np.log2(run[unit])), BINS - 1), BINS):
                    longer += gaps[unit, i]
                rare = np.log10((cells[unit] + 1.0) / longer)
                if run[unit] > longest[unit]:
                    rare += _GAIN * np.log10(run[unit] / max(longest[unit], 1))
                if rare >= LEAST:
                    strength[unit, t] = rare
                    last[unit, t] = held[unit]


_run = njit(cache=True, nogil=True)(_silence)
