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
BINS: Final = 48
PEAKS: Final = 32
_WIDTH: Final = 0.1
"""Width of a bin of log(1 + score): 48 of them reach a score of 120."""
LEAST: Final = 2.0
"""Least scale of the tail of one series."""
_RARE: Final = 2.0
"""Cells rarer than this in a row are one event. An event counts once, whatever its length, so
that a long one does not become the norm while it lasts."""
_KNEE: Final = 14.0
_KNEE_RATE: Final = 3.88
_BELOW: Final = 0.163
_ABOVE: Final = 0.092
_FAR: Final = 5.0
_BEYOND: Final = 1.4
"""Two lines through −log10(new records per cell) on the clean series of bench/fleets.py,
bench/calibration.py, bench/steady.py and bench/unseen.py, and a third one, so much steeper, from
one record in a hundred thousand cells on, through those of bench/afresh.py and bench/composed.py as
well: what is rarer still grows rare faster."""


def start(n_units: int) -> State:
    """Returns the state of units that have no past."""
    return State(
        VERSION,
        {
            "seen": np.zeros(n_units, np.float64),
            "counts": np.zeros((n_units, BINS), np.float32),
            "kept": np.zeros(n_units, np.int32),
            "peaks": np.zeros((n_units, PEAKS), np.float32),
            "run": np.zeros((n_units, 2), np.float32),
        },
    )


def update(
    state: State, raw: NDArray[np.float64], least: float = LEAST, learns: bool = True
) -> tuple[State, NDArray[np.float64]]:
    """Returns the state after the scores and ``(n_units, n_times)`` −log10 tail probabilities.

    Args:
        raw: ``(n_units, n_times)``, a sum of logarithms.
        least: Least scale of the tail. Sums of logarithms have a scale of about one; peaks
            that lie closer together say little of what lies beyond them.
        learns: Whether the scores join the past that later ones are judged by.

    A NaN stays NaN and is not remembered. Every score is judged by the ones before it.
    """
    arrays = {name: array.copy() for name, array in state.arrays.items()}
    tail = np.empty(raw.shape)
    _run(
        raw, least, learns, arrays["seen"], arrays["counts"], arrays["kept"], arrays["peaks"],
        arrays["run"], tail,
    )  # fmt: skip
    return State(VERSION, arrays), tail


def strengths(raw: NDArray[np.float64], tail: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns how rare an alert this strong is: −log10 of how many a cell of a clean series has.

    The raw score ranks series against one another, the tail knows the series' own past; the
    sum of both is better than either.

    >>> strengths(np.array([[10.0]]), np.array([[3.0]])).round(2).tolist()
    [[4.06]]
    """
    above = raw + 2.0 * tail - _KNEE
    strength: NDArray[np.float64] = _KNEE_RATE + np.where(above > 0, _ABOVE, _BELOW) * above
    far = np.maximum(strength - _FAR, 0.0)
    return np.maximum(strength + (_BEYOND - 1.0) * far, 0.0)


def _rank(  # noqa: C901 - one compiled loop
    raw: Any, floor: float, learns: bool,
    seen: Any, counts: Any, kept: Any, peaks: Any, run: Any, tail: Any,
) -> None:  # fmt: skip
    units, cells = raw.shape
    for unit in range(units):
        top = peaks[unit]
        for t in range(cells):
            value = raw[unit, t]
            if np.isnan(value):
                tail[unit, t] = np.nan
                continue
            total = seen[unit]
            held = kept[unit]
            least = top[PEAKS - held] if held else np.float32(0.0)
            place = min(BINS - 1, int(np.log1p(value) / _WIDTH))
            answer = 0.0
            if total > 0 and value > least:
                middle = 0.5 * (top[PEAKS - (held + 1) // 2] + top[PEAKS - held // 2 - 1])
                scale = max((middle - least) / np.log(2.0), floor)
                rate = np.log10((total + 1.0) / (held + 0.5))
                answer = max(rate, 0.0) + (value - least) / scale / np.log(10.0)
            elif total > 0:
                part = min(max(np.log1p(value) / _WIDTH - place, 0.0), 1.0)
                above = (1.0 - part) * counts[unit, place] + 0.5
                for i in range(place + 1, BINS):
                    above += counts[unit, i]
                answer = max(np.log10((total + 1.0) / above), 0.0)
            tail[unit, t] = answer
            if not learns:
                continue
            lasting = int(run[unit, 0]) + 1 if answer > _RARE else 0
            weight = 1.0 / lasting if lasting else 1.0
            if lasting > 1 and value > run[unit, 1] and held:
                # The event's own peak gives way to its new, higher one.
                i = PEAKS - held
                while i < PEAKS - 1 and top[i] != run[unit, 1]:
                    i += 1
                if top[i] == run[unit, 1]:
                    while i > PEAKS - held:
                        top[i] = top[i - 1]
                        i -= 1
                    held -= 1
            if lasting <= 1 or value > run[unit, 1]:
                _insert(top, held, value)
                kept[unit] = min(held + 1, PEAKS)
                run[unit, 1] = value
            run[unit, 0] = lasting
            counts[unit, place] += weight
            seen[unit] = total + weight


def _insert(top: Any, held: int, value: float) -> None:
    """Puts a value into the ascending peaks; the least falls out when there is no room."""
    if held == PEAKS and value <= top[0]:
        return
    i = PEAKS - held - 1 if held < PEAKS else 0
    while i + 1 < PEAKS and top[i + 1] < value:
        top[i] = top[i + 1]
        i += 1
    top[i] = value


_insert = njit(cache=True)(_insert)
_run = njit(cache=True, nogil=True)(_rank)
