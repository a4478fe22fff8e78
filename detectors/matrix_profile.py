"""Left matrix profile: the shape of the last two hours is unlike every shape before.

Each cell, the last 24 cells are held, each window z-normalised, against all windows among the
last 1,024; the distance to the nearest is the score. Height and size do not count, only shape.

Source: Yeh et al., "Matrix Profile I", ICDM 2016 (stumpy's ``stumpi`` gives the same distances,
see the oracle test; it keeps an object for each series, this keeps plain arrays).
"""

from typing import Any, Final

import numpy as np

from aiops.contracts.plugin import NoSettings, Plugin
from detectors._streaming import Streaming, compile_loop

VERSION: Final = "matrix-profile-1"
WINDOW: Final = 24
RING: Final = 1024
_APART: Final = WINDOW // 4
"""Nearer windows are the same one: stumpy's exclusion zone."""
_WEIGHT: Final = 12.0
_WIDTH: Final = RING


def _run(
    values: Any, good: Any, seen: Any, numbers: Any, phase: Any, options: Any,  # noqa: ARG001
    score: Any, expected: Any,
) -> None:  # fmt: skip
    for row in range(values.shape[0]):
        ring = numbers[row]
        now = int(seen[row])
        newest, other = np.empty(WINDOW), np.empty(WINDOW)
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            ring[now % RING] = values[row, t]
            now += 1
            expected[row, t] = values[row, t]
            score[row, t] = 0.0
            known = min(now, RING)
            if known < 2 * WINDOW:
                continue
            for j in range(WINDOW):
                newest[j] = ring[(now - WINDOW + j) % RING]
            middle, spread = np.mean(newest), np.std(newest)
            flat = spread <= 1e-12 * abs(middle)
            newest -= middle
            best = np.inf
            for end in range(now - known + WINDOW, now - _APART):
                total = 0.0
                for j in range(WINDOW):
                    other[j] = ring[(end - WINDOW + j) % RING]
                    total += other[j]
                own = total / WINDOW
                square, product = 0.0, 0.0
                for j in range(WINDOW):
                    step = other[j] - own
                    square += step * step
                    product += step * newest[j]
                sigma = np.sqrt(square / WINDOW)
                other_flat = sigma <= 1e-12 * abs(own)
                if flat or other_flat:
                    apart = 0.0 if flat and other_flat else float(WINDOW)
                else:
                    likeness = product / WINDOW / spread / sigma
                    apart = 2.0 * WINDOW * max(1.0 - likeness, 0.0)
                best = min(best, apart)
            # 2 × WINDOW is the squared distance of unrelated shapes.
            score[row, t] = _WEIGHT * np.sqrt(best / (2.0 * WINDOW))


_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Streaming:
    del settings
    return Streaming(VERSION, _LOOP, _WIDTH, warm_up=4 * WINDOW)


PLUGIN: Final = Plugin(
    summary="Left matrix profile: the shape of the last cells was never seen before.",
    settings=NoSettings,
    create=_create,
)
