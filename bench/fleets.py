"""Generated fleets: clean series of many kinds, and the same with labelled anomalies.

The first fleet is for design; bench/calibration.py has another one for the false-alarm dial.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY = 288
KINDS = 14
Rng = np.random.Generator


@dataclass(frozen=True)
class Fleet:
    """``(n, cells)`` values at 5 minutes, and (row, first, last) of each anomaly."""

    values: NDArray[np.float64]
    events: list[tuple[int, int, int]]


def ar(rng: Rng, cells: int, keep: float, heavy: bool = False) -> NDArray[np.float64]:
    """Returns autocorrelated noise of unit variance."""
    push = rng.standard_t(3, cells) / np.sqrt(3) if heavy else rng.normal(size=cells)
    out = np.empty(cells)
    now = 0.0
    gain = np.sqrt(1 - keep * keep)
    for t in range(cells):
        now = keep * now + gain * push[t]
        out[t] = now
    return out


def clean_series(  # noqa: C901, PLR0912 - a list of kinds, one branch each
    rng: Rng, kind: int, cells: int
) -> NDArray[np.float64]:
    """Returns one clean series of a kind 0..13."""
    t = np.arange(cells) + rng.integers(0, 7 * DAY)
    day = np.sin(2 * np.pi * t / DAY + rng.uniform(0, 6))
    weekend = ((t // DAY) % 7 >= 5).astype(float)
    noise = rng.uniform(0.02, 0.3) * float(rng.random() < 0.85)
    if kind == 0:
        x = day + noise * ar(rng, cells, rng.uniform(0, 0.9))
    elif kind == 1:
        shape = np.maximum(day, -0.2) * (1 - rng.uniform(0.2, 0.7) * weekend)
        x = shape + noise * ar(rng, cells, 0.5)
    elif kind == 2:
        x = (day > rng.uniform(-0.5, 0.5)) + noise * 0.3 * rng.normal(size=cells)
    elif kind == 3:  # load with bursts
        x = 0.05 * np.abs(rng.normal(size=cells)) + 0.1
        for at in np.flatnonzero(rng.random(cells) < rng.uniform(0.005, 0.03)):
            x[at : at + rng.integers(1, 6)] += rng.gamma(3, 0.15)
    elif kind == 4:  # counts
        x = rng.poisson(np.exp(1.0 + rng.uniform(0.3, 1.2) * day + rng.uniform(0, 2))).astype(float)
    elif kind == 5:  # counts with bursts of attention
        rate = np.exp(2.0 + 0.8 * day) * np.exp(0.4 * ar(rng, cells, 0.9))
        x = rng.poisson(rate).astype(float)
    elif kind == 6:
        x = ar(rng, cells, rng.uniform(0.98, 0.998))
    elif kind == 7:
        x = ar(rng, cells, rng.uniform(0, 0.7), heavy=True)
    elif kind == 8:  # saw-tooth
        period = rng.integers(30, 400)
        x = (t % period) / period + 0.05 * rng.normal(size=cells)
    elif kind == 9:  # busy in batches
        period = rng.integers(100, 600)
        x = 0.1 + 0.8 * ((t % period) < period * 0.2) + 0.05 * ar(rng, cells, 0.5)
    elif kind == 10:  # temperature
        x = 3 * ar(rng, cells, 0.999) + day + 0.1 * rng.normal(size=cells)
    elif kind == 11:  # a state that seldom flips
        x = (np.cumsum(rng.random(cells) < 0.002) % 2).astype(float)
    elif kind == 12:  # hardly ever moves
        x = 1.0 * (rng.random(cells) < 0.001)
    else:  # nearly constant with rounding
        x = np.round(0.6 * rng.normal(size=cells) + 0.3 * day)
    return x * np.exp(rng.uniform(-3, 8)) + rng.uniform(-5, 5)


def inject(rng: Rng, x: NDArray[np.float64], at: int) -> int:
    """Puts one anomaly of a random kind at a cell; returns its last cell."""
    near = x[max(0, at - 600) : at]
    size = float(np.quantile(near, 0.98) - np.quantile(near, 0.02)) or 1.0
    sign = rng.choice([-1.0, 1.0])
    long = int(rng.integers(40, 250))
    kind = int(rng.integers(0, 9))
    if kind == 0:
        long = int(rng.integers(1, 6))
        x[at : at + long] += sign * size * rng.uniform(0.8, 2.5)
    elif kind == 1:
        x[at : at + long] += sign * size * rng.uniform(0.4, 1.2)
    elif kind == 2:
        x[at : at + long] += size * rng.uniform(0.3, 0.8) * rng.normal(size=len(x[at : at + long]))
    elif kind == 3:
        x[at : at + long] = np.median(near)
    elif kind == 4:
        x[at : at + long] = near.min() - rng.uniform(0, 0.3) * size
    elif kind == 5:  # the season stands still or is mirrored
        part = x[at : at + long]
        x[at : at + long] = 2 * np.median(near) - part
    elif kind == 6:
        part = x[at : at + long]
        x[at : at + long] = part + sign * size * np.linspace(0, rng.uniform(0.8, 2), len(part))
    elif kind == 7:  # faster
        idx = at + (np.arange(long) * rng.uniform(2, 4)).astype(int) - long
        x[at : at + long] = x[np.clip(idx, 0, len(x) - 1)][: len(x[at : at + long])]
    else:  # bursts
        for _ in range(6):
            k = at + int(rng.integers(0, long))
            x[k : k + 3] += size * rng.uniform(0.6, 1.5)
    return min(at + long, len(x) - 1)


def labelled_fleet(seed: int, n: int, cells: int = 4032) -> Fleet:
    """Returns series of every kind, most with one or two anomalies."""
    rng = np.random.default_rng(seed)
    values = np.empty((n, cells))
    events = []
    for row in range(n):
        x = clean_series(rng, row % KINDS, cells)
        for k in range(int(rng.integers(0, 3))):
            low = 800 if k == 0 else 2500
            at = int(rng.integers(low, low + 1400))
            last = inject(rng, x, at)
            events.append((row, at, last))
        values[row] = x
    return Fleet(values, events)
