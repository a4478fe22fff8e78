"""A third fleet of clean series that the dial was fitted to, after it had judged an earlier one."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

DAY = 1440
KINDS = ("office hours", "double peak", "weekend shop", "growth", "ramp down", "latency",
    "laplace", "requests", "errors", "bytes counter", "constant", "mostly zero", "outages",
    "every other sample")  # fmt: skip
Floats = NDArray[np.float64]


def series(rng: np.random.Generator, kind: str, cells: int) -> Floats:
    """Returns one clean series at one-minute steps."""
    t = np.arange(cells) + int(rng.integers(0, 7 * DAY))
    hour, day = (t % DAY) / 60.0, (t // DAY) % 7
    busy = np.exp(-0.5 * ((hour - rng.uniform(8, 20)) / rng.uniform(1.5, 4)) ** 2)
    rough, soft = rng.normal(size=cells), gaussian_filter1d(rng.normal(size=cells), 20) * 8.4
    mixed = rng.uniform(0, 1) * rough + rng.uniform(0, 1) * soft
    made = {
        "office hours": lambda: ((hour > 8) & (hour < 18) & (day < 5)) * 3.0 + 0.2 * mixed,
        "double peak": lambda: busy + np.roll(busy, 300) + 0.15 * mixed,
        "weekend shop": lambda: busy * np.where(day >= 5, 2.5, 1.0) + 0.2 * soft,
        "growth": lambda: np.exp(rng.uniform(0.2, 1) * t / 7 / DAY) * (2 + busy) + 0.1 * mixed,
        "ramp down": lambda: -rng.uniform(1, 9) * t / DAY + busy + 0.3 * rough,
        "latency": lambda: rng.gamma(rng.uniform(1.5, 6), 1.0, cells) * (1 + busy),
        "laplace": lambda: rng.laplace(size=cells) + 2 * busy,
        "requests": lambda: rng.poisson(rng.uniform(5, 400) * (0.2 + busy)) * 1.0,
        "errors": lambda: rng.negative_binomial(2, rng.uniform(0.3, 0.8), cells) * 1.0,
        "bytes counter": lambda: np.exp(8 + busy + 0.3 * mixed),
        "constant": lambda: np.zeros(cells),
        "mostly zero": lambda: (rng.random(cells) < rng.uniform(0.005, 0.1)) * 1.0,
        "outages": lambda: busy + 0.2 * mixed,
        "every other sample": lambda: busy + 0.1 * rough,
    }
    x = np.asarray(made[kind](), dtype=np.float64)
    if kind == "outages":
        for at in rng.integers(0, cells, 3):
            x[at : at + int(rng.integers(30, 600))] = np.nan
    elif kind == "every other sample":
        x[int(rng.integers(0, 2)) :: 2] = np.nan
    return x * float(10 ** rng.uniform(-2, 6)) + float(
        rng.uniform(-1, 1) * 10 ** rng.uniform(-2, 6)
    )
