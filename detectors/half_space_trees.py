"""Half-space trees: how many of the last cells fell where this one falls.

Fifteen random trees of depth five part the unit cube of (value, step, mean of the last eight),
each in units of its running range. Masses of the last full window of 250 cells are the
reference; few of them near a cell, at a shallow depth, make it strange.

Source: Tan, Ting, Liu, "Fast Anomaly Detection for Streaming Data", IJCAI 2011 (15 rather than
25 trees; the trees are the same for all series, as they do not depend on data).
"""

from typing import Any, Final

import numpy as np

from aiops.contracts.plugin import NoSettings, Plugin
from detectors._embedded import BOX, FEATURES, MEAN, embed, widen
from detectors._streaming import Streaming, compile_loop

VERSION: Final = "half-space-trees-1"
_TREES: Final = 15
_DEPTH: Final = 5
_INNER: Final = 2**_DEPTH - 1
_NODES: Final = 2 * _INNER + 1
_CELLS: Final = 250
_ENOUGH: Final = 0.1 * _CELLS
"""Nodes with less mass are not descended from, as in the paper."""
_WIDTH: Final = BOX + MEAN + 2 * _TREES * _NODES


def _trees(seed: int = 2011) -> tuple[float, ...]:
    """Returns feature and place of every inner node; a child halves its parent's part."""
    rng = np.random.default_rng(seed)
    found = np.empty((2, _TREES, _INNER))
    for tree in range(_TREES):
        centre = rng.random(FEATURES)
        reach = 2.0 * np.maximum(centre, 1.0 - centre)
        low, high = [centre - reach], [centre + reach]
        for node in range(_INNER):
            feature = int(rng.integers(FEATURES))
            middle = 0.5 * (low[node][feature] + high[node][feature])
            found[:, tree, node] = feature, middle
            left, right = high[node].copy(), low[node].copy()
            left[feature], right[feature] = middle, middle
            low += [low[node], right]
            high += [left, high[node]]
    return tuple(found.ravel().tolist())


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,  # noqa: ARG001
    score: Any, expected: Any,
) -> None:  # fmt: skip
    size = _TREES * _INNER
    features = options[:size].reshape(_TREES, _INNER)
    places = options[size : 2 * size].reshape(_TREES, _INNER)
    point = np.empty(FEATURES)
    for row in range(values.shape[0]):
        box = numbers[row, :BOX].reshape(2, FEATURES)
        recent = numbers[row, BOX : BOX + MEAN]
        masses = numbers[row, BOX + MEAN :].reshape(2, _TREES, _NODES)
        now = int(seen[row])
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            before = embed(values[row, t], recent, now, point)
            beyond = widen(box, point, now)
            for k in range(FEATURES):
                span = box[1, k] - box[0, k]
                point[k] = (point[k] - box[0, k]) / span if span > 0 else 0.5
            mass = 0.0
            for tree in range(_TREES):
                node, depth, open_yet = 0, 0, True
                while True:
                    masses[1, tree, node] += 1.0
                    held = masses[0, tree, node]
                    if open_yet and (held < _ENOUGH or node >= _INNER):
                        mass += held * 2.0**depth
                        open_yet = False
                    if node >= _INNER:
                        break
                    right = point[int(features[tree, node])] >= places[tree, node]
                    node = 2 * node + (2 if right else 1)
                    depth += 1
            # Mass spread evenly would be one window in every tree.
            part = (mass + 0.5) / (_TREES * _CELLS)
            score[row, t] = max(-2.0 * np.log(part), 0.0) + 4.0 * np.log1p(10.0 * beyond)
            expected[row, t] = before
            now += 1
            if now % _CELLS == 0:
                masses[0] = masses[1]
                masses[1] = 0.0


_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Streaming:
    del settings
    return Streaming(VERSION, _LOOP, _WIDTH, _trees(), warm_up=_CELLS)


PLUGIN: Final = Plugin(
    summary="Half-space trees: a value, step and mean that the last cells did not have.",
    settings=NoSettings,
    create=_create,
)
