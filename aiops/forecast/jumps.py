"""A jump is no trend: what moved once, and has stood still since as it did before.

Replaying a series' own increments replays the jump with them, as if it were growth. But a lone
jump, seen once in a history, tells no more than how often jumps come.

Source: rule of succession for a Poisson rate seen once in a time A: the chance of another within
h is h / (A + h) (Jaynes, "Probability Theory", 2003, ch. 6).
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from aiops.domain.series import FloatArray

_LONE: Final = 0.25
"""Another rise by more than this share of the greatest: stairs, not a lone jump."""

_STILL: Final = 1.25
"""What has moved since may exceed what moved in as much time before by a quarter."""

_CALM: Final = 2
"""The calm before must be so many times as long as what came since."""

_FEWEST: Final = 2
"""Cells since the jump that show whether it goes on."""


def bound_by_jump(values: FloatArray, horizon: int, *, up: bool) -> float:
    """Returns the most that a crossing's probability may be, 1 where there is no lone jump.

    Args:
        values: ``(n_times,)`` one row's history, NaN where nothing is known.
        horizon: Cells ahead.

    >>> calm = np.sin(np.arange(60.0)) / 100
    >>> bound_by_jump(np.r_[calm, 0.5 + calm[:9]], 23, up=True)
    0.25
    >>> bound_by_jump(np.r_[calm, 0.5 + calm[:9] + np.arange(9) / 100], 23, up=True)
    1.0
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < _FEWEST * (1 + _CALM) + 2:
        return 1.0
    # a straight line over each hole: what moved while nothing was seen need not have jumped
    heights = np.interp(np.arange(known[0], known[-1] + 1), known, values[known])
    heights = heights if up else -heights
    moves = heights[2:] - heights[:-2]  # by two: a jump within a cell shows in both its diffs
    at = int(moves.argmax())
    before, after = heights[: at + 1], heights[at + 2 :]
    others = np.delete(moves, np.s_[max(at - 2, 0) : at + 3])
    lone = moves[at] > 0 and (others <= _LONE * moves[at]).all()
    if not lone or len(after) < _FEWEST or len(before) < _CALM * len(after):
        return 1.0
    stretches = sliding_window_view(before, len(after))
    moved = float((stretches.max(axis=1) - stretches.min(axis=1)).max())
    if float(after.max() - after.min()) > _STILL * moved:
        return 1.0
    return horizon / (len(heights) + horizon)
