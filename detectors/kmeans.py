"""K-means in the manner of Netdata: every model of the last hours must find it strange.

A pattern is six neighbouring steps of the smoothed values. Every 128 cells two centres are
fitted to the last 512; six models are kept. The score is the distance to the nearer centre in
units of the farthest training pattern, by the model that finds it least strange.

Source: Netdata's machine learning (agent, ml/README.md: k = 2, one difference, smoothing over 3,
lag 5, consensus of the models kept); Lloyd, IEEE Transactions on Information Theory 28, 1982.
"""

from typing import Any, Final

import numpy as np
from numba import njit

from aiops.contracts.plugin import NoSettings, Plugin
from detectors._streaming import Streaming, compile_loop

VERSION: Final = "kmeans-1"
_LAGS: Final = 6
_SMOOTH: Final = 3
_RING: Final = 512
_EVERY: Final = 128
_MODELS: Final = 6
_ROUNDS: Final = 10
_ONE: Final = 2 * _LAGS + 1
"""Two centres and the farthest distance."""
_WIDTH: Final = _RING + _MODELS * _ONE + _SMOOTH + 1


def _distance(ring: Any, end: int, model: Any) -> float:
    """Returns the squared distance of the pattern that ends at a place to the nearer centre."""
    best = np.inf
    for centre in range(2):
        total = 0.0
        for j in range(_LAGS):
            apart = ring[(end - j) % _RING] - model[centre * _LAGS + j]
            total += apart * apart
        best = min(best, total)
    return float(best)


def _fit(  # noqa: C901, PLR0912 - one compiled loop
    ring: Any, last: int, model: Any
) -> None:
    """Fits two centres to the patterns of a full ring whose newest step is at ``last``."""
    first, count = last + _LAGS, _RING - _LAGS + 1
    for j in range(_LAGS):
        model[j] = ring[(first - j) % _RING]
    far, place = -1.0, first
    for i in range(count):
        total = 0.0
        for j in range(_LAGS):
            apart = ring[(first + i - j) % _RING] - model[j]
            total += apart * apart
        if total > far:
            far, place = total, first + i
    for j in range(_LAGS):
        model[_LAGS + j] = ring[(place - j) % _RING]
    sums = np.zeros((2, _LAGS))
    counts = np.zeros(2)
    for _ in range(_ROUNDS):
        sums[:], counts[:] = 0.0, 0.0
        for i in range(count):
            apart = np.zeros(2)
            for centre in range(2):
                for j in range(_LAGS):
                    step = ring[(first + i - j) % _RING] - model[centre * _LAGS + j]
                    apart[centre] += step * step
            near = 1 if apart[1] < apart[0] else 0
            counts[near] += 1.0
            for j in range(_LAGS):
                sums[near, j] += ring[(first + i - j) % _RING]
        for centre in range(2):
            if counts[centre] > 0:
                for j in range(_LAGS):
                    model[centre * _LAGS + j] = sums[centre, j] / counts[centre]
    far = 0.0
    for i in range(count):
        far = max(far, _distance(ring, first + i, model))
    model[2 * _LAGS] = far


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,  # noqa: ARG001
    score: Any, expected: Any,
) -> None:  # fmt: skip
    for row in range(values.shape[0]):
        ring = numbers[row, :_RING]
        models = numbers[row, _RING : _RING + _MODELS * _ONE].reshape(_MODELS, _ONE)
        recent = numbers[row, _RING + _MODELS * _ONE :]
        now = int(seen[row])
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            before = recent[_SMOOTH]
            recent[now % _SMOOTH] = values[row, t]
            smooth = np.mean(recent[: min(now + 1, _SMOOTH)])
            recent[_SMOOTH] = smooth
            ring[now % _RING] = smooth - before if now > 0 else 0.0
            expected[row, t] = before
            fits = (now + 1 - _RING) // _EVERY + 1 if now + 1 >= _RING else 0
            least = np.inf
            for k in range(min(fits, _MODELS)):
                far = models[k, 2 * _LAGS]
                apart = _distance(ring, now, models[k])
                if far > 0:
                    least = min(least, np.sqrt(min(apart / far, 1e40)))
                else:
                    least = min(least, 4.0 if apart > 0 else 0.0)
            score[row, t] = 4.0 * np.log1p(least * least) if least < np.inf else 0.0
            now += 1
            if now >= _RING and (now - _RING) % _EVERY == 0:
                _fit(ring, now - 1, models[((now - _RING) // _EVERY) % _MODELS])


_distance = njit(cache=True, error_model="numpy")(_distance)
_fit = njit(cache=True, error_model="numpy")(_fit)
_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Streaming:
    del settings
    return Streaming(VERSION, _LOOP, _WIDTH, warm_up=_RING)


PLUGIN: Final = Plugin(
    summary="K-means in the manner of Netdata: steps that no model of the last hours knows.",
    settings=NoSettings,
    create=_create,
)
