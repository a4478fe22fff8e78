"""Random cut forest: how many of the last cells a random cut parts from this one at once.

Sixteen trees, each of 64 of the last 256 cells as points (value, step, mean of the last eight),
every coordinate in units of its running range. Only the path of the new point through its tree is
drawn, which is as random as the path in a whole tree and needs no tree to be kept. The score is
the logarithm of the collusive displacement, the largest ratio of what a cut parts off to what
stays with the point, averaged over the trees.

Source: Guha, Mishra, Roy, Schrijvers, "Robust Random Cut Forest Based Anomaly Detection on
Streams", ICML 2016 (coordinates are cut in proportion to their range, as there).
"""

from typing import Any, Final

import numpy as np
from numba import njit

from aiops.contracts.plugin import NoSettings, Plugin
from detectors._embedded import BOX, FEATURES, MEAN, embed, widen
from detectors._streaming import Streaming, compile_loop

VERSION: Final = "random-cut-forest-1"
_TREES: Final = 16
_POINTS: Final = 64
_CELLS: Final = 256
_WIDTH: Final = BOX + MEAN + _CELLS * FEATURES


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


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,  # noqa: ARG001
    score: Any, expected: Any,
) -> None:  # fmt: skip
    point, scaled = np.empty(FEATURES), np.empty((_CELLS, FEATURES))
    inside, chance = np.empty(_POINTS, np.int64), np.empty(1, np.uint64)
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
                    total += _displacement(scaled, point, inside, chance)
                # Far outside all are parted at once: how far goes on to count.
                score[row, t] = 2.0 * np.log1p(total / _TREES) + 4.0 * np.log1p(10.0 * beyond)
            else:
                for k in range(FEATURES):
                    past[now % _CELLS, k] = point[k]
            expected[row, t] = before
            now += 1


_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Streaming:
    del settings
    return Streaming(VERSION, _LOOP, _WIDTH)


PLUGIN: Final = Plugin(
    summary="Random cut forest: a value, step and mean that random cuts part from the last cells.",
    settings=NoSettings,
    create=_create,
)
