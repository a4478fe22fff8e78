"""A strange cell casts its evidence forward, so that a score is high through its event."""

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.domain.state import State

VERSION: Final = "linger-1"
HALF_LIFE: Final = 60
"""Cells until half of the evidence on one series is forgotten."""


def start(n_units: int) -> State:
    """Returns the state of units without evidence."""
    return State(VERSION, {"held": np.zeros(n_units)})


def update(
    state: State, raw: NDArray[np.float64], half_life: float = HALF_LIFE
) -> tuple[State, NDArray[np.float64]]:
    """Returns the larger of each score and what is left of those before it; NaN stays NaN."""
    held = state.arrays["held"].copy()
    lasting = np.empty(raw.shape)
    _run(raw, held, 0.5 ** (1.0 / half_life), lasting)
    return State(VERSION, {"held": held}), lasting


def _linger(raw: Any, held: Any, keep: float, lasting: Any) -> None:
    units, cells = raw.shape
    for unit in range(units):
        for t in range(cells):
            value = raw[unit, t]
            if np.isnan(value):
                lasting[unit, t] = np.nan
                continue
            held[unit] = max(value, held[unit] * keep)
            lasting[unit, t] = held[unit]


_run = njit(cache=True, nogil=True)(_linger)
