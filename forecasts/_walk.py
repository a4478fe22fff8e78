"""Futures walked through windows of the past, compiled: one loop for each path.

What a path needs is drawn and measured before, in :mod:`forecasts.trend`; here is the walking.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray


def walk(
    level: FloatArray,
    swing: FloatArray,
    window: IntArray,
    offset: IntArray,
    pace: FloatArray,
    held: IntArray,
    skip: IntArray,
    growth: float,
    added: FloatArray,
    floor: FloatArray,
    ceiling: FloatArray,
    rows: IntArray,
    futures: NDArray[np.float32],
) -> None:
    """Writes futures of each row: its level's increments and its swings, round a window.

    Args:
        level, swing: ``(n, n_times)`` the slow level and what swings around it.
        window: ``(n, n_paths)`` the last so many cells are walked round.
        offset: ``(n, n_paths)`` from which cell of the window on.
        pace: ``(n, n_paths)`` factor on each increment.
        held: ``(n, n_paths)`` steps after which the level stays.
        skip: ``(n,)`` so many first paths are left as they are.
        growth: Factor on the whole rise.
        added: ``(n,)`` what is added at once; ``floor``, ``ceiling``: ``(n,)`` held between.
        rows: ``(n,)`` where each row's futures are to stand.
        futures: ``(n_rows, n_paths, horizon)``, filled here.
    """
    _run(
        level, swing, window, offset, pace, held, skip, growth, added, floor, ceiling, rows,
        futures,
    )  # fmt: skip


def _walk(
    level: FloatArray,
    swing: FloatArray,
    window: IntArray,
    offset: IntArray,
    pace: FloatArray,
    held: IntArray,
    skip: IntArray,
    growth: float,
    added: FloatArray,
    floor: FloatArray,
    ceiling: FloatArray,
    rows: IntArray,
    futures: NDArray[np.float32],
) -> None:
    width = level.shape[1]
    paths, horizon = futures.shape[1:]
    for row in range(len(rows)):
        place = rows[row]
        newest = level[row, width - 1]
        for path in range(skip[row], paths):
            begin = width - window[row, path]
            cell = begin + offset[row, path]
            # Once round the window raises the level by what the window rose.
            lap = newest - level[row, begin - 1]
            first = level[row, cell]
            turns = 0
            rise = 0.0
            for ahead in range(horizon):
                cell += 1
                if cell == width:
                    cell = begin
                    turns += 1
                if ahead < held[row, path]:
                    rise = (level[row, cell] + turns * lap - first) * pace[row, path]
                value = newest + growth * rise + swing[row, cell] + added[row]
                futures[place, path, ahead] = min(max(value, floor[row]), ceiling[row])


_run = njit(cache=True, nogil=True)(_walk)
