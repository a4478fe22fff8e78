"""Synthetic anomalies put into a series' own past, to tell which method would have seen them.

Source: the idea of choosing an anomaly detector without labels by injected anomalies, Goswami et
al., "Unsupervised Model Selection for Time-series Anomaly Detection", ICLR 2023.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray

KINDS: Final = 8
"""Spike, jump of steps, shift, louder, frozen, mirrored, ramp, shaking."""
PLACES: Final = 2
_SEED: Final = 20231


def inject(past: FloatArray, first: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Returns ``(KINDS, n)`` copies, each with anomalies behind ``first``, and where they are.

    Args:
        past: ``(n,)`` values as they were; nothing before ``first`` is touched.

    Returns:
        The copies, and ``(KINDS, PLACES, 2)`` first and last cell of each anomaly.
    """
    rng = np.random.default_rng(_SEED)
    high, low = np.quantile(past, (0.98, 0.02))
    spread = float(high - low) or float(np.ptp(past)) or abs(float(past[0])) or 1.0
    step = float(np.mean(np.abs(np.diff(past)))) or 0.1 * spread
    copies = np.repeat(past[None, :], KINDS, axis=0)
    windows = np.empty((KINDS, PLACES, 2), np.int64)
    room = (len(past) - first) // PLACES
    for kind in range(KINDS):
        for place in range(PLACES):
            long = 2 if kind == 0 else int(rng.integers(8, room // 4))
            at = first + place * room + int(rng.integers(8, room - long))
            size = (1.0 if rng.random() < 0.5 else -1.0) * rng.uniform(0.5, 1.0)
            cut = slice(at, at + long)
            copies[kind, cut] = _spoilt(past[cut], kind, size, spread, step, rng)
            windows[kind, place] = at, at + long
    return copies, windows


def _spoilt(
    part: FloatArray, kind: int, size: float, spread: float, step: float, rng: np.random.Generator
) -> FloatArray:
    middle = float(np.median(part))
    noise = rng.normal(size=len(part))
    spoilt: tuple[FloatArray, ...] = (
        part + 1.2 * size * spread,
        part + 10.0 * size * step,
        part + 0.6 * size * spread,
        middle + (part - middle) * 2.5 + 2.0 * step * noise,
        np.full_like(part, part[0]),
        2.0 * middle - part[::-1],
        part + size * spread * np.linspace(0.0, 1.0, len(part)),
        part + 4.0 * step * noise,
    )
    return spoilt[kind]
