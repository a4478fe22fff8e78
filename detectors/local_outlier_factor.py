"""Local outlier factor: this stretch is farther from its neighbours than they are from theirs.

The last four cells are held against the stretches of four among the last 512. What counts is not
the distance to the twenty nearest but its ratio to how far those are from one another: a deviation
that would be nothing in a loose regime is much in a tight one. Neighbourhoods of the past are
computed anew each 64 cells.

Source: Breunig, Kriegel, Ng, Sander, "LOF: Identifying Density-Based Local Outliers", SIGMOD 2000
(scikit-learn with ``novelty=True`` gives the same factors, see the oracle test).
"""

from typing import Any, Final

import numpy as np
from numba import njit

from aiops.contracts.plugin import NoSettings, Plugin
from detectors._streaming import Streaming, compile_loop

VERSION: Final = "local-outlier-factor-1"
LENGTH: Final = 4
POINTS: Final = 512
NEIGHBOURS: Final = 20
_AGAIN: Final = 64
LEAST: Final = 1e-3
"""Part of the range that is added to distances: equal values are not infinitely dense."""
_WEIGHT: Final = 6.0
_RING: Final = POINTS + LENGTH - 1
_WIDTH: Final = 2 * _RING + 2 * POINTS + 1
"""The last values; values, distances and densities of the neighbourhoods; how many values."""


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def _apart(values: Any, a: int, other: Any, b: int) -> float:
    total = 0.0
    for j in range(LENGTH):
        step = values[a + j] - other[b + j]
        total += step * step
    return float(np.sqrt(total))


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def _nearest(apart: Any, count: int, found: Any) -> None:
    """Writes the places of the least distances, in rising order."""
    held = 0
    for i in range(count):
        if held == NEIGHBOURS and apart[i] >= apart[found[held - 1]]:
            continue
        place = min(held, NEIGHBOURS - 1)
        while place > 0 and apart[found[place - 1]] > apart[i]:
            found[place] = found[place - 1]
            place -= 1
        found[place] = i
        held = min(held + 1, NEIGHBOURS)


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def _density(apart: Any, found: Any, reach: Any, least: float) -> float:
    total = 0.0
    for i in range(NEIGHBOURS):
        total += max(apart[found[i]], reach[found[i]])
    return 1.0 / (total / NEIGHBOURS + least)


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def _neighbourhoods(past: Any, count: int, reach: Any, density: Any) -> None:
    """Writes the distance of the last neighbour and the density of each stretch of the past."""
    near = np.empty((count, NEIGHBOURS), np.int64)
    apart = np.empty(count)
    least = LEAST * np.ptp(past[: count + LENGTH - 1])
    for i in range(count):
        for k in range(count):
            apart[k] = _apart(past, i, past, k)
        apart[i] = np.inf
        _nearest(apart, count, near[i])
        reach[i] = apart[near[i, NEIGHBOURS - 1]]
    for i in range(count):
        for k in near[i]:
            apart[k] = _apart(past, i, past, k)
        density[i] = _density(apart, near[i], reach, least)


def _run(  # noqa: C901 - one compiled loop
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,  # noqa: ARG001
    score: Any, expected: Any,
) -> None:  # fmt: skip
    apart, found = np.empty(POINTS), np.empty(NEIGHBOURS, np.int64)
    newest = np.empty(LENGTH)
    for row in range(values.shape[0]):
        ring, past = numbers[row, :_RING], numbers[row, _RING : 2 * _RING]
        reach = numbers[row, 2 * _RING : 2 * _RING + POINTS]
        density = numbers[row, 2 * _RING + POINTS : 2 * _RING + 2 * POINTS]
        now = int(seen[row])
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            expected[row, t] = ring[(now - 1) % _RING] if now > 0 else values[row, t]
            if now % _AGAIN == 0 and now >= _AGAIN:
                known = min(now, _RING)
                for i in range(known):
                    past[i] = ring[(now - known + i) % _RING]
                numbers[row, -1] = known
                if np.ptp(past[:known]) > 0:
                    _neighbourhoods(past, known - LENGTH + 1, reach, density)
            ring[now % _RING] = values[row, t]
            now += 1
            known = int(numbers[row, -1])
            if known == 0:
                continue
            for j in range(LENGTH):
                newest[j] = ring[(now - LENGTH + j) % _RING]
            span = np.ptp(past[:known])
            if not span > 0:
                score[row, t] = _WEIGHT * np.log(1.0 / LEAST) if values[row, t] != past[0] else 0.0
                continue
            count = known - LENGTH + 1
            for i in range(count):
                apart[i] = _apart(newest, 0, past, i)
            _nearest(apart, count, found)
            around = 0.0
            for i in range(NEIGHBOURS):
                around += density[found[i]]
            factor = around / NEIGHBOURS / _density(apart, found, reach, LEAST * span)
            score[row, t] = _WEIGHT * max(np.log(factor), 0.0)


_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Streaming:
    del settings
    return Streaming(VERSION, _LOOP, _WIDTH)


PLUGIN: Final = Plugin(
    summary="Local outlier factor: a stretch far from its neighbours as they lie from theirs.",
    settings=NoSettings,
    create=_create,
)
