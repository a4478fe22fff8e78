"""Two-sided CUSUM: the log likelihood of a shift by one scale, summed since it would have begun.

The sum is measured in its own usual size, so that correlated noise does not look like a shift.

Source: Page, "Continuous Inspection Schemes", Biometrika 41, 1954; the reference value of half
a scale is the optimum for a shift of one (Lorden, Annals of Mathematical Statistics 42, 1971).
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

VERSION: Final = "cusum-1"
_HIGHEST: Final = 300.0
"""Sums stop here, so that they come down again after the end of a long shift."""


@dataclass(frozen=True, slots=True)
class CusumSettings:
    """Which shift is looked for."""

    shift: float = field(default=1.0, metadata={"help": "Shift looked for, in robust scales."})
    level_cells: int = field(default=576, metadata={"help": "Cells the level is averaged over."})


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,
    score: Any, expected: Any,
) -> None:  # fmt: skip
    shift, cells = options[0], options[1]
    for row in range(values.shape[0]):
        level, scale, up, down, usual_sum = numbers[row, :5]
        season, now = numbers[row, 5:], seen[row]
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            part = phase[row, t]
            usual = season[part] if part >= 0 else 0.0
            if now == 0:
                level = values[row, t]
            rest = values[row, t] - level - usual
            floor = max(scale, least_scale(numbers[row, -2:], rest, now))
            held = limited(rest, scale, now)
            apart = held / floor if floor > 0 else 4.0 * (held > 0) - 4.0 * (held < 0)
            up = min(max(up + shift * (apart - 0.5 * shift), 0.0), _HIGHEST)
            down = min(max(down - shift * (apart + 0.5 * shift), 0.0), _HIGHEST)
            score[row, t] = surprise(max(up, down), usual_sum + 1.0)
            expected[row, t] = level + usual
            share = pace(now, cells)
            level += share * held
            scale += share * (1.25 * abs(held) - scale)
            usual_sum += share * (min(max(up, down), 4.0 * usual_sum + 4.0) - usual_sum)
            if part >= 0:
                follow_season(season, part, held, options[-1])
            now += 1.0
        numbers[row, 0], numbers[row, 1], numbers[row, 2] = level, scale, up
        numbers[row, 3], numbers[row, 4] = down, usual_sum


_LOOP: Final = compile_loop(_run)


def _create(settings: CusumSettings) -> Streaming:
    return Streaming(VERSION, _LOOP, 7 + 2 * PHASES, (settings.shift, float(settings.level_cells)))


PLUGIN: Final = Plugin(
    summary="Two-sided CUSUM: a shift or slow drift, however small, that goes on.",
    settings=CusumSettings,
    create=_create,
)
