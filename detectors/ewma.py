"""EWMA control chart: a small shift that lasts, seen in a smoothed residual.

The residual from a slow level and the time of day is smoothed with weight 0.1; how far the
smoothed value lies from zero is measured in its own scale, so that correlated noise does not
look like a shift.

Source: Roberts, "Control Chart Tests Based on Geometric Moving Averages", Technometrics 1,
1959; weights of 0.05 to 0.25 are usual (Montgomery, "Introduction to SQC", ch. 9).
"""

from dataclasses import dataclass, field
from typing import Any, Final

from aiops.contracts.plugin import Plugin
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

VERSION: Final = "ewma-1"


@dataclass(frozen=True, slots=True)
class EwmaSettings:
    """How much is smoothed."""

    weight: float = field(default=0.1, metadata={"help": "Share of the newest cell, 0 to 1."})
    level_cells: int = field(default=576, metadata={"help": "Cells the level is averaged over."})


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,
    score: Any, expected: Any,
) -> None:  # fmt: skip
    weight, cells = options[0], options[1]
    for row in range(values.shape[0]):
        level, scale, smooth, smooth_scale = numbers[row, :4]
        season, now = numbers[row, 4:], seen[row]
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            part = phase[row, t]
            usual = season[part] if part >= 0 else 0.0
            if now == 0:
                level = values[row, t]
            rest = values[row, t] - level - usual
            least = least_scale(numbers[row, -2:], rest, now)
            held = limited(rest, scale, now)
            smooth += weight * (held - smooth)
            score[row, t] = surprise(smooth, max(smooth_scale, weight * least))
            expected[row, t] = level + usual
            share = pace(now, cells)
            level += share * held
            scale += share * (1.25 * abs(held) - scale)
            smooth_scale += share * (1.25 * abs(limited(smooth, smooth_scale, now)) - smooth_scale)
            if part >= 0:
                follow_season(season, part, held, options[-1])
            now += 1.0
        numbers[row, 0], numbers[row, 1] = level, scale
        numbers[row, 2], numbers[row, 3] = smooth, smooth_scale


_LOOP: Final = compile_loop(_run)


def _create(settings: EwmaSettings) -> Streaming:
    return Streaming(VERSION, _LOOP, 6 + 2 * PHASES, (settings.weight, float(settings.level_cells)))


PLUGIN: Final = Plugin(
    summary="EWMA control chart: a small shift that lasts.",
    settings=EwmaSettings,
    create=_create,
)
