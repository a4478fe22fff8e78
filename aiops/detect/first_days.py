"""The first day of its kind: nobody knows its morning yet, nor the Saturday of an office.

Until a kind of day, working day or day off, has been seen for a whole day, ranks in the past say
less than they seem to: what looks new may be the day or the week. The past of a day vouches for
rarities of a hundred days; beyond them the tail is wider.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.panel import Panel
from aiops.domain.state import State

VERSION: Final = "first-days-1"
DAY: Final = 86400.0
VOUCHED: Final = 100.0
"""Days that the past of one day vouches for."""
WIDER: Final = 0.28
"""What is left of a power of ten beyond them; the first busy hour ever of clean series that keep
office hours (bench/unseen.py) is three and a half powers beyond, which must not pass for more than
one in a hundred weeks."""


def start(n_units: int) -> State:
    """Returns the state of series that have seen nothing."""
    return State(VERSION, {"seconds": np.zeros((n_units, 2), np.float32)})


def update(
    state: State, panel: Panel, strength: NDArray[np.float64]
) -> tuple[State, NDArray[np.float64]]:
    """Returns the state after the cells and the strengths, less where a day's kind is new.

    Without a calendar there are no kinds of days.
    """
    if panel.calendar is None:
        return state, strength
    off = panel.calendar.day_off[panel.calendar.zone]
    step, good = panel.step.total_seconds(), panel.usable
    seen = state.arrays["seconds"].copy()
    before = []
    for kind in (0, 1):
        here = np.where(good & (off == bool(kind)), step, 0.0)
        after = seen[:, kind, None] + np.cumsum(here, axis=1)
        before.append(after - here)
        if here.shape[1]:
            # what counts is whether a day is full: sums stay exact in single precision
            seen[:, kind] = np.minimum(after[:, -1], DAY)
    is_new = np.where(off, before[1], before[0]) < DAY
    known = np.log10(VOUCHED * DAY / step)
    wide = is_new & (strength > known)
    told = np.where(wide, known + WIDER * (strength - known), strength)
    return State(VERSION, {"seconds": seen}), told
