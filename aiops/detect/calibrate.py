"""Raw scores become −log10 tail probabilities by their rank among the series' own past.

The bulk is a histogram; the highest scores are kept one by one, and beyond them stands an
exponential tail fitted to them, so that the answer never saturates.

Source: peaks over threshold (Pickands, Annals of Statistics 1975); the scale is taken from
the median excess, which half of the kept peaks being true anomalies does not move.
"""

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.domain.state import State

VERSION: Final = "rank-1"
BINS: Final = 64
PEAKS: Final = 32
_WIDTH: Final = 0.08
"""Width of a bin of log(1 + score): 64 of them reach a score of 166."""
_LEAST: Final = 2.0
"""The least scale of the tail. Detectors score in sums of logarithms, whose natural scale is
about one; peaks that lie closer together say little of what lies beyond them."""
_LEVEL: Final = 2.85
_SLOPE: Final = 0.085
"""Line through −log10(new records per cell) on generated clean fleets (bench/calibration.py):
between one per week and one per hundred weeks it is straight."""


def start(n_units: int) -> State:
    """Returns the state of units that have no past."""
    return State(
        VERSION,
        {
            "seen": np.zeros(n_units, np.int32),
            "counts": np.zeros((n_units, BINS), np.float32),
            "peaks": np.zeros((n_units, PEAKS), np.float32),
        },
    )


def update(state: State, raw: NDArray[np.float64]) -> tuple[State, NDArray[np.float64]]:
    """Returns the state after the scores and ``(n_units, n_times)`` −log10 tail probabilities.

    A NaN stays NaN and is not remembered. Every score is judged by the ones before it.
    """
    arrays = {name: array.copy() for name, array in state.arrays.items()}
    tail = np.empty(raw.shape)
    _run(raw, arrays["seen"], arrays["counts"], arrays["peaks"], tail)
    return State(VERSION, arrays), tail


def strengths(raw: NDArray[np.float64], tail: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns how rare an alert this strong is: −log10 of how many a cell of a clean series has.

    The raw score ranks series against one another, the tail knows the series' own past; the
    sum of both is better than either.

    >>> strengths(np.array([[10.0]]), np.array([[3.0]])).round(2).tolist()
    [[4.21]]
    """
    strength: NDArray[np.float64] = _LEVEL + _SLOPE * (raw + 2.0 * tail)
    return strength


def _rank(raw: Any, seen: Any, counts: Any, peaks: Any, tail: Any) -> None:
    units, cells = raw.shape
    for unit in range(units):
        for t in range(cells):
            value = raw[unit, t]
            if np.isnan(value):
                tail[unit, t] = np.nan
                continue
            known = seen[unit]
            kept = min(known, PEAKS)
            least = peaks[unit, PEAKS - kept] if kept else 0.0
            place = min(BINS - 1, int(np.log1p(value) / _WIDTH))
            if known == 0:
                tail[unit, t] = 0.0
            elif value > least:
                middle = 0.5 * (
                    peaks[unit, PEAKS - (kept + 1) // 2] + peaks[unit, PEAKS - kept // 2 - 1]
                )
                scale = max((middle - least) / np.log(2.0), _LEAST)
                rate = np.log10((known + 1.0) / (kept + 0.5))
                tail[unit, t] = rate + (value - least) / scale / np.log(10.0)
            else:
                above = 0.5 * counts[unit, place] + 0.5
                for i in range(place + 1, BINS):
                    above += counts[unit, i]
                tail[unit, t] = max(np.log10((known + 1.0) / above), 0.0)
            if kept < PEAKS or value > least:
                i = PEAKS - kept - 1 if kept < PEAKS else 0
                while i + 1 < PEAKS and peaks[unit, i + 1] < value:
                    peaks[unit, i] = peaks[unit, i + 1]
                    i += 1
                peaks[unit, i] = value
            counts[unit, place] += 1.0
            seen[unit] = known + 1


_run = njit(cache=True, nogil=True)(_rank)
