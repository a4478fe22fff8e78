"""SPOT and DSPOT: extreme-value tails on both sides of a moving mean.

The distance from the mean of the last cells (DSPOT; 0 cells: from the first mean, SPOT) is read
from a generalised Pareto tail above a high threshold. The tail is fitted by moments; alarms do
not enter it.

Source: Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017;
moments: Hosking and Wallis, Technometrics 29, 1987. The threshold follows its quantile by
stochastic approximation (Robbins and Monro 1951).
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numba import njit

from aiops.contracts.errors import ConfigError
from aiops.contracts.plugin import Plugin
from detectors._streaming import Streaming, compile_loop, least_scale, pace

VERSION: Final = "spot-1"
_PEAKS: Final = 64
_ENOUGH: Final = 8
"""Peaks from which a tail is fitted to them; before, it is the usual distance."""
_PART: Final = 0.02
"""Part of the cells that lie above the threshold."""
_ALARM: Final = 10.0
"""−ln of the probability from which a cell is an alarm and teaches nothing."""
_MOST: Final = 256
_SIDE: Final = 2 + _PEAKS
"""Threshold, number of peaks, and the last peaks."""
_WIDTH: Final = 2 + 2 * _SIDE + _MOST + 2


@dataclass(frozen=True, slots=True)
class SpotSettings:
    """What distance is measured from."""

    depth: int = field(
        default=64, metadata={"help": "Cells of the moving mean, at most 256; 0: a fixed mean."}
    )


def _tail(side: Any, above: float, scale: float, least: float) -> float:
    """Returns −ln of the probability of a distance above the threshold."""
    known = int(min(side[1], _PEAKS))
    if above <= 0:
        return 0.0
    mean, spread = scale, scale * scale
    if known >= _ENOUGH:
        peaks = side[2 : 2 + known]
        mean, spread = np.mean(peaks), np.var(peaks)
    mean = max(mean, least)
    if mean <= 0:
        return float(-np.log(_PART))
    ratio = mean * mean / max(spread, 1e-9 * mean * mean)
    # A tail with an end, or a light one, would call everything beyond it equally impossible.
    shape = min(max(0.5 * (1.0 - ratio), 0.15), 0.45)
    size = mean * (1.0 - shape)
    return float(-np.log(_PART) + np.log1p(shape * above / size) / shape)


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,  # noqa: ARG001 - one for all
    score: Any, expected: Any,
) -> None:  # fmt: skip
    depth = int(options[0])
    for row in range(values.shape[0]):
        scale, level = numbers[row, 0], numbers[row, 1]
        sides = numbers[row, 2 : 2 + 2 * _SIDE].reshape(2, _SIDE)
        ring = numbers[row, 2 + 2 * _SIDE : -2]
        now = seen[row]
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            value = values[row, t]
            if now == 0:
                level = value
            known = int(min(now, depth))
            usual = np.mean(ring[:known]) if known > 0 else level
            rest = value - usual
            least = least_scale(numbers[row, -2:], rest, now)
            strange = 0.0
            for k in range(2):
                apart = rest if k == 0 else -rest
                above = apart - sides[k, 0]
                strange = max(strange, _tail(sides[k], above, scale, least))
                if now < 32:
                    sides[k, 0] = max(sides[k, 0], apart)
                    continue
                if above > 0 and strange < _ALARM:
                    sides[k, 2 + int(sides[k, 1]) % _PEAKS] = above
                    sides[k, 1] += 1.0
                sides[k, 0] += max(0.02, 2.0 / now) * scale * ((above > 0) - _PART)
                sides[k, 0] = max(sides[k, 0], 0.0)
            score[row, t] = strange
            expected[row, t] = usual
            if strange < _ALARM or now < 64:
                level += (depth == 0) * pace(now, 1e9) * (value - level)
                scale += pace(now, 1000.0) * (1.25 * abs(rest) - scale)
            if depth > 0:
                ring[int(now) % depth] = value if strange < 3.0 * _ALARM else usual
            now += 1.0
        numbers[row, 0], numbers[row, 1] = scale, level


_tail = njit(cache=True, error_model="numpy")(_tail)
_LOOP: Final = compile_loop(_run)


def _create(settings: SpotSettings) -> Streaming:
    if not 0 <= settings.depth <= _MOST:
        raise ConfigError([f"depth: must be between 0 and {_MOST}"])
    return Streaming(VERSION, _LOOP, _WIDTH, (float(settings.depth),))


PLUGIN: Final = Plugin(
    summary="SPOT/DSPOT: extreme-value tails around a moving mean.",
    settings=SpotSettings,
    create=_create,
)
