"""A second fleet of clean series that the false-alarm dial was fitted to, at one-minute steps."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

DAY = 1440
KINDS = (
    "cycles", "smooth cycles", "trend", "saturating", "heavy tails", "heavy and slow",
    "counter", "slow counter", "constant", "two levels", "gaps", "bursty gaps",
)  # fmt: skip


def series(  # noqa: C901, PLR0912 - a list of kinds, one branch each
    rng: np.random.Generator, kind: str, cells: int
) -> NDArray[np.float64]:
    """Returns one clean series at one-minute steps."""
    t = np.arange(cells) + rng.integers(0, 7 * DAY)
    x = _wave(t, rng) * float(kind not in ("heavy tails", "constant", "two levels"))
    if kind in ("cycles", "gaps", "bursty gaps"):
        x = x + _noise(rng, cells, rng.uniform(0, 0.8), rng.uniform(0.05, 0.5))
    elif kind == "smooth cycles":
        x = x + _noise(rng, cells, 0.95, rng.uniform(0.02, 0.2))
    elif kind == "trend":
        x = x + rng.uniform(-6, 6) * t / (7 * DAY) + _noise(rng, cells, 0.3, 0.3)
    elif kind == "saturating":
        x = 0.3 * x + 4 * (1 - np.exp(-t / rng.uniform(2, 9) / DAY)) + _noise(rng, cells, 0.6, 0.1)
    elif kind == "heavy tails":
        x = rng.standard_t(rng.uniform(3.0, 8.0), cells)
    elif kind == "heavy and slow":
        x = np.exp(x + _noise(rng, cells, rng.uniform(0.5, 0.95), rng.uniform(0.2, 0.6)))
    elif kind == "counter":
        x = rng.poisson(np.exp(rng.uniform(1, 5) + 0.5 * x)) / 60.0
    elif kind == "slow counter":
        x = rng.poisson(rng.uniform(0.02, 0.6), cells) / 60.0
    elif kind == "constant":
        x = np.full(cells, rng.uniform(-5, 5))
    else:
        x = (np.cumsum(rng.random(cells) < rng.uniform(1, 12) / DAY) % 2).astype(float)
    if kind == "gaps":
        x[rng.random(cells) < rng.uniform(0.001, 0.1)] = np.nan
    elif kind == "bursty gaps":
        for at in rng.integers(0, cells, rng.integers(2, 9)):
            x[at : at + int(rng.exponential(120)) + 1] = np.nan
    return x * float(10 ** rng.uniform(-4, 9)) + float(10 ** rng.uniform(-4, 6))


def _wave(t: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Returns a day of three harmonics, lower or higher on two days of seven."""
    turn = 2 * np.pi * t / DAY
    size, shift = rng.uniform(0.2, 1, 3), rng.uniform(0, 2 * np.pi, 3)
    day = sum(size[k] / (k + 1) * np.sin((k + 1) * turn + shift[k]) for k in range(3))
    free = (t // DAY) % 7 >= 5
    return np.asarray(day * np.where(free, rng.uniform(0.3, 1.0), 1.0) + rng.uniform(-1, 0) * free)


def _noise(rng: np.random.Generator, cells: int, keep: float, size: float) -> NDArray[np.float64]:
    push = rng.normal(size=cells) * size * np.sqrt(1 - keep * keep)
    return np.asarray(lfilter([1.0], [1.0, -keep], push))
