"""Forests that draw the path of a new cell among the last cells, and keep no tree.

Each of sixteen trees gets 64 of the last 256 cells as points, every coordinate in units of its
running range. Only the path of the new point through its tree is drawn, which is as random as
the path in a whole tree.
"""

from typing import Any, Final

import numpy as np
from numba import njit

from detectors._embedded import BOX, FEATURES, MEAN, embed, widen
from detectors._streaming import Streaming, compile_loop

_TREES: Final = 16
_POINTS: Final = 64
_CELLS: Final = 256
_WIDTH: Final = BOX + MEAN + _CELLS * FEATURES
_DEEPEST: Final = 6
"""log2 of the points of a tree, as in the paper on isolation forests."""
_EULER: Final = 0.5772156649


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def _draw(chance: Any) -> float:
    """Returns the next number in [0, 1); xorshift (Marsaglia, J. Stat. Software 8, 2003)."""
    word = chance[0]
    word ^= word << np.uint64(13)
    word ^= word >> np.uint64(7)
    word ^= word << np.uint64(17)
    chance[0] = word
    return float(word >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def _displacement(points: Any, point: Any, inside: Any, chance: Any) -> float:
    """Returns the collusive displacement of a point among those in ``inside``; uses it up."""
    known, largest = len(inside), 0.0
    low, high = np.empty(FEATURES), np.empty(FEATURES)
    while known > 0:
        total = 0.0
        for k in range(FEATURES):
            low[k], high[k] = point[k], point[k]
            for i in range(known):
                low[k] = min(low[k], points[inside[i], k])
                high[k] = max(high[k], points[inside[i], k])
            total += high[k] - low[k]
        if not total > 0:
            break
        place = _draw(chance) * total
        feature = 0
        while feature < FEATURES - 1 and place >= high[feature] - low[feature]:
            place -= high[feature] - low[feature]
            feature += 1
        cut = low[feature] + place
        above = point[feature] > cut
        stays = 0
        for i in range(known):
            if (points[inside[i], feature] > cut) == above:
                inside[stays] = inside[i]
                stays += 1
        largest = max(largest, (known - stays) / (stays + 1.0))
        known = stays
    return largest


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def _unsuccessful(count: float) -> float:
    """Returns the mean length of a search that finds nothing in a tree of so many points."""
    if count < 2:
        return 0.0
    if count < 3:
        return 1.0
    return float(2.0 * (np.log(count - 1.0) + _EULER) - 2.0 * (count - 1.0) / count)


@njit(cache=True)  # type: ignore[untyped-decorator] # numba has no types
def depth(points: Any, point: Any, inside: Any, chance: Any) -> float:
    """Returns after how many cuts a point stands alone among those in ``inside``; uses it up."""
    known, cuts = len(inside), 0
    low, high = np.empty(FEATURES), np.empty(FEATURES)
    while known > 1 and cuts < _DEEPEST:
        wide = 0
        for k in range(FEATURES):
            low[k], high[k] = np.inf, -np.inf
            for i in range(known):
                low[k] = min(low[k], points[inside[i], k])
                high[k] = max(high[k], points[inside[i], k])
            wide += high[k] > low[k]
        if wide == 0:
            break
        nth = int(_draw(chance) * wide)
        feature = 0
        while nth > 0 or not high[feature] > low[feature]:
            nth -= high[feature] > low[feature]
            feature += 1
        cut = low[feature] + _draw(chance) * (high[feature] - low[feature])
        above = point[feature] > cut
        stays = 0
        for i in range(known):
            if (points[inside[i], feature] > cut) == above:
                inside[stays] = inside[i]
                stays += 1
        known = stays
        cuts += 1
    return float(cuts + _unsuccessful(float(known)))


def _run(  # noqa: C901, PLR0912 - one compiled loop
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,  # noqa: ARG001
    score: Any, expected: Any,
) -> None:  # fmt: skip
    point, scaled = np.empty(FEATURES), np.empty((_CELLS, FEATURES))
    inside, chance = np.empty(_POINTS, np.int64), np.empty(1, np.uint64)
    isolates = options[0] > 0
    for row in range(values.shape[0]):
        box = numbers[row, :BOX].reshape(2, FEATURES)
        recent = numbers[row, BOX : BOX + MEAN]
        past = numbers[row, BOX + MEAN :].reshape(_CELLS, FEATURES)
        now = int(seen[row])
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            before = embed(values[row, t], recent, now, point)
            beyond = widen(box, point, now)
            known = min(now, _CELLS)
            if known >= _POINTS:
                total = 0.0
                for k in range(FEATURES):
                    span = box[1, k] - box[0, k]
                    scale = 1.0 / span if span > 0 else 0.0
                    for i in range(known):
                        scaled[i, k] = (past[i, k] - box[0, k]) * scale
                    past[now % _CELLS, k] = point[k]
                    point[k] = (point[k] - box[0, k]) * scale
                # Drawn from the number of the cell: the same series has the same chances.
                chance[0] = np.uint64(now + 1) * np.uint64(0x9E3779B97F4A7C15)
                for _ in range(_TREES):
                    start = int(_draw(chance) * known)
                    for i in range(_POINTS):
                        inside[i] = (start + i * known // _POINTS) % known
                    if isolates:
                        total += depth(scaled, point, inside, chance)
                    else:
                        total += _displacement(scaled, point, inside, chance)
                if isolates:
                    usual = _unsuccessful(float(_POINTS))
                    told = 24.0 * max(2.0 ** (-total / _TREES / usual) - 0.4, 0.0)
                else:
                    told = 2.0 * np.log1p(total / _TREES)
                # Far outside all are parted at once: how far goes on to count.
                score[row, t] = told + 4.0 * np.log1p(10.0 * beyond)
            else:
                for k in range(FEATURES):
                    past[now % _CELLS, k] = point[k]
            expected[row, t] = before
            now += 1


_LOOP: Final = compile_loop(_run)


def forest(version: str, *, isolates: bool) -> Streaming:
    """Returns the detector: by depth of isolation, or else by collusive displacement."""
    return Streaming(version, _LOOP, _WIDTH, (1.0 if isolates else 0.0,))
