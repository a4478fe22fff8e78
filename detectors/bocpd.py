"""Bayesian online change point detection: when did what we see now begin?

Thirty-two hypotheses of when the present stretch began are carried along, each with the normal
of unknown mean and variance that its cells speak for. The score adds how improbable the value
is under all of them to the odds that the stretch is young.

Source: Adams and MacKay, "Bayesian Online Changepoint Detection", arXiv 0710.3742; conjugate
updates: Murphy, "Conjugate Bayesian analysis of the Gaussian distribution", 2007.
"""

from math import lgamma
from typing import Any, Final

import numpy as np

from aiops.contracts.plugin import NoSettings, Plugin
from detectors._streaming import Streaming, compile_loop, least_scale, limited, pace

VERSION: Final = "bocpd-1"
_KEPT: Final = 32
_HAZARD: Final = 1.0 / 500.0
"""A change in so many cells is expected beforehand."""
_YOUNG: Final = 24.0
"""Cells that a young stretch has seen at most."""
_MOST: Final = 12.0
"""Odds add this much at most, so that they do not drown how strange a value is."""
_WIDTH: Final = 4 + 5 * _KEPT


def _run(  # noqa: C901, PLR0912, PLR0915 - one compiled loop
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,  # noqa: ARG001
    score: Any, expected: Any,
) -> None:  # fmt: skip
    for row in range(values.shape[0]):
        level, scale = numbers[row, 0], numbers[row, 1]
        parts = numbers[row, 2 : 2 + 5 * _KEPT].reshape(5, _KEPT)
        weight, mean, kappa, alpha, beta = parts
        now = seen[row]
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            value = values[row, t]
            if now == 0:
                level = value
                kappa[:] = 0.0
            rest = value - level
            floor = max(scale, least_scale(numbers[row, -2:], rest, now))
            z = min(max(rest / floor, -40.0), 40.0) if floor > 0 else 0.0
            # The density of the value under each hypothesis, as logarithms.
            total, highest = -np.inf, -np.inf
            for i in range(_KEPT):
                if kappa[i] > 0:
                    spread = beta[i] * (kappa[i] + 1.0) / (alpha[i] * kappa[i])
                    free = 2.0 * alpha[i]
                    apart = z - mean[i]
                    density = (
                        lgamma(0.5 * (free + 1.0)) - lgamma(0.5 * free)
                        - 0.5 * np.log(np.pi * free * spread)
                        - 0.5 * (free + 1.0) * np.log1p(apart * apart / (free * spread))
                    )  # fmt: skip
                    weight[i] += density
                    highest = max(highest, weight[i])
            strange = 0.0
            if highest > -np.inf:
                total = 0.0
                for i in range(_KEPT):
                    if kappa[i] > 0:
                        total += np.exp(weight[i] - highest)
                total = highest + np.log(total)
                # 0.92 is −ln of the density of a normal at its mean.
                strange = max(-total - 0.92, 0.0)
                young, old = 1e-12, 1e-12
                for i in range(_KEPT):
                    if kappa[i] > 0:
                        weight[i] += np.log1p(-_HAZARD) - total
                        share = np.exp(weight[i])
                        if kappa[i] <= _YOUNG:
                            young += share
                        else:
                            old += share
                strange += min(max(np.log(young / old), 0.0), _MOST)
            score[row, t] = strange
            expected[row, t] = level
            for i in range(_KEPT):
                if kappa[i] > 0:
                    apart = z - mean[i]
                    beta[i] += 0.5 * kappa[i] * apart * apart / (kappa[i] + 1.0)
                    mean[i] += apart / (kappa[i] + 1.0)
                    kappa[i] += 1.0
                    alpha[i] += 0.5
            # The newest hypothesis takes a free place or that of the least likely one.
            place = 0
            for i in range(_KEPT):
                if kappa[i] == 0:
                    place = i
                    break
                if weight[i] < weight[place]:
                    place = i
            weight[place], mean[place], kappa[place] = np.log(_HAZARD), 0.0, 0.2
            alpha[place], beta[place] = 1.0, 1.0
            held = limited(rest, scale, now)
            share = pace(now, 2000.0)
            level += share * held
            scale += share * (1.25 * abs(held) - scale)
            now += 1.0
        numbers[row, 0], numbers[row, 1] = level, scale


_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Streaming:
    del settings
    return Streaming(VERSION, _LOOP, _WIDTH)


PLUGIN: Final = Plugin(
    summary="Bayesian online change point: a new mean or spread has begun.",
    settings=NoSettings,
    create=_create,
)
