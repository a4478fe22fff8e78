"""Innovations of exponential smoothing: level, damped trend and time of day.

Four weights of the level run side by side; the one whose errors of one step were least counts.
So nothing is fitted ahead of time, and a series that changes its nature changes its weight.

Source: Holt 1957; Winters, Management Science 6, 1960; innovations form and damped trend:
Hyndman et al., "Forecasting with Exponential Smoothing", Springer 2008.
"""

from typing import Any, Final

import numpy as np

from aiops.contracts.plugin import NoSettings, Plugin
from detectors._streaming import (
    PHASES,
    Streaming,
    compile_loop,
    follow_season,
    least_scale,
    limited,
    pace,
    surprise,
)

VERSION: Final = "holt-winters-1"
_WEIGHTS: Final = np.array([0.02, 0.1, 0.4, 0.9])
_KINDS: Final = len(_WEIGHTS)
_TREND: Final = 0.05
"""Weight of the trend, as a part of that of the level."""
_DAMPING: Final = 0.98
_CELLS: Final = 576.0
"""Cells that errors are averaged over."""
_WIDTH: Final = 3 * _KINDS + 2 * PHASES + 2


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,
    score: Any, expected: Any,
) -> None:  # fmt: skip
    for row in range(values.shape[0]):
        level, trend = numbers[row, :_KINDS], numbers[row, _KINDS : 2 * _KINDS]
        error = numbers[row, 2 * _KINDS : 3 * _KINDS]
        season = numbers[row, 3 * _KINDS :]
        now = seen[row]
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            part = phase[row, t]
            usual = season[part] if part >= 0 else 0.0
            value = values[row, t] - usual
            if now == 0:
                level[:] = value
            best = 0
            for k in range(1, _KINDS):
                if error[k] < error[best]:
                    best = k
            ahead = level[best] + _DAMPING * trend[best]
            least = least_scale(numbers[row, -2:], value - ahead, now)
            score[row, t] = surprise(value - ahead, max(error[best], least))
            expected[row, t] = ahead + usual
            share = pace(now, _CELLS)
            for k in range(_KINDS):
                trend[k] *= _DAMPING
                rest = limited(value - level[k] - trend[k], error[k], now)
                weight = max(_WEIGHTS[k], 1.0 / (now + 1.0))
                level[k] += trend[k] + weight * rest
                trend[k] += _TREND * weight * rest
                error[k] += share * (1.25 * abs(rest) - error[k])
            if part >= 0:
                held = limited(value - level[0], error[0], now)
                follow_season(season, part, held, options[-1])
            now += 1.0


_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Streaming:
    del settings
    return Streaming(VERSION, _LOOP, _WIDTH)


PLUGIN: Final = Plugin(
    summary="Holt-Winters innovations: what the last cells and the time of day did not tell.",
    settings=NoSettings,
    create=_create,
)
