"""Clean series put together from parts: they judge the false-alarm dial after it was set last.

Each kind is a level, waves of the day and the week, a trend and a noise, drawn apart; counters come
as rates, with the resets left out as the store does. Written after the dial stood and looked at
once; whoever changes the dial with its figures in view writes another one and says so.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

DAY = 1440
KINDS = ("daily", "weekly", "trend", "heavy tails", "counters", "constant", "gaps")
Floats = NDArray[np.float64]


def series(rng: np.random.Generator, kind: str, minute: NDArray[np.int64]) -> Floats:
    """Returns one clean series at these minutes since a Monday, 00:00."""
    n = len(minute)
    if kind == "constant":
        return np.full(n, np.round(rng.normal() * 10.0 ** rng.integers(-3, 9), 3))
    wave = _wave(rng, minute) * (kind != "heavy tails" or rng.random() < 0.5)
    if kind == "weekly" or (kind in ("counters", "gaps") and rng.random() < 0.5):
        free = (minute // DAY) % 7 >= rng.choice([5, 6])
        wave = np.where(free, rng.uniform(-0.2, 0.8) * wave + rng.normal() * 0.3, wave)
    if kind == "trend":
        wave = wave * rng.integers(0, 2) + rng.normal() * 3.0 * np.arange(n) / (7 * DAY)
    if kind == "counters":
        rate = np.exp(rng.uniform(-3, 6) + rng.uniform(0, 1) * wave)
        counts = (
            rng.poisson(rate) if rng.random() < 0.5 else rng.negative_binomial(3, 3 / (3 + rate))
        )
        return np.asarray(counts / 60.0)
    size = float(np.exp(rng.uniform(-3, 0)))
    if kind == "heavy tails":
        rough = (
            rng.standard_t(rng.uniform(2.5, 6), n) if rng.random() < 0.5 else rng.laplace(size=n)
        )
        x = np.exp(0.5 * rng.normal(size=n) + 0.5 * wave) if rng.random() < 1 / 3 else wave + rough
    else:
        keep = float(rng.choice([0.0, 0.5, 0.9, 0.99]))
        push = rng.normal(size=n) * np.sqrt(1 - keep * keep)
        x = wave + size * lfilter([1.0], [1.0, -keep], push)
    if kind == "gaps":
        for at in rng.integers(0, n, rng.integers(1, 30)):
            x[at : at + int(rng.exponential(60)) + 1] = np.nan
        x[rng.random(n) < rng.choice([0.0, 0.02, 0.2])] = np.nan
    if rng.random() < 0.3:  # as a source that sends few digits
        x = np.round(x, 1)
    return x * float(10 ** rng.uniform(-2, 6)) + float(rng.normal() * 10 ** rng.uniform(-2, 6))


def _wave(rng: np.random.Generator, minute: NDArray[np.int64]) -> Floats:
    """Returns a day: a sine, a bell or a plateau, at an hour of its own."""
    part = ((minute % DAY) / DAY - rng.random()) % 1.0
    shape = rng.integers(0, 3)
    if shape == 0:
        return np.asarray(np.sin(2 * np.pi * part) + 0.4 * np.sin(4 * np.pi * part))
    middle = np.abs(part - 0.5)
    if shape == 1:
        return np.asarray(2.0 * np.exp(-0.5 * (middle / 0.12) ** 2))
    return np.asarray(1.0 / (1.0 + np.exp((middle - rng.uniform(0.1, 0.3)) / 0.02)))
