"""Seasonal ESD: a value against its time of day, in medians of the last day.

The usual value of the half hour is taken off; what is left is held against the median and the
median deviation of the last cells, which no burst of outliers moves. It knows no holidays.

Source: Hochenbaum, Vallis, Kejariwal, "Automatic Anomaly Detection in the Cloud Via Statistical
Learning", arXiv 1704.07706 (S-H-ESD); Rosner, Technometrics 25, 1983.
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

VERSION: Final = "seasonal-esd-1"
_RING: Final = 144
_NORMAL: Final = 1.4826
"""Median deviations of a normal scale."""
_CELLS: Final = 2016.0
_WIDTH: Final = 2 + 2 * PHASES + _RING + 2


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,
    score: Any, expected: Any,
) -> None:  # fmt: skip
    for row in range(values.shape[0]):
        season = numbers[row, 2 : 2 + 2 * PHASES]
        ring = numbers[row, 2 + 2 * PHASES : -2]
        level, scale = numbers[row, 0], numbers[row, 1]
        now = seen[row]
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            part = phase[row, t]
            usual = season[part] if part >= 0 else 0.0
            if now == 0:
                level = values[row, t]
            rest = values[row, t] - usual
            known = int(min(now, _RING))
            if known > 0:
                middle = np.median(ring[:known])
                spread = _NORMAL * np.median(np.abs(ring[:known] - middle))
            else:
                middle, spread = rest, 0.0
            least = least_scale(numbers[row, -2:], rest - middle, now)
            score[row, t] = surprise(rest - middle, max(spread, least))
            expected[row, t] = usual + middle
            ring[int(now) % _RING] = rest
            held = limited(values[row, t] - level - usual, scale, now)
            level += pace(now, _CELLS) * held
            scale += pace(now, _CELLS) * (1.25 * abs(held) - scale)
            if part >= 0:
                follow_season(season, part, held, options[-1])
            now += 1.0
        numbers[row, 0], numbers[row, 1] = level, scale


_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Streaming:
    del settings
    return Streaming(VERSION, _LOOP, _WIDTH)


PLUGIN: Final = Plugin(
    summary="Seasonal ESD: a value against its time of day and the medians of the last cells.",
    settings=NoSettings,
    create=_create,
)
