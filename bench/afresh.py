"""Clean series that judge the false-alarm dial: written after it stood, never fitted to.

They keep the week of the calendar: their working days are Monday to Friday. Whoever changes the
detector or its dial with this table in view writes another generator and says so.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

DAY = 1440
KINDS = ("shifts", "lunch dip", "evening peak", "weekday double", "warm room", "queue", "night job",
    "daily restart", "filling", "rounded", "student noise", "gamma", "events", "byte counter",
    "state", "constant", "holes", "one in three")  # fmt: skip
Floats = NDArray[np.float64]


def series(rng: np.random.Generator, kind: str, minute: NDArray[np.int64]) -> Floats:
    """Returns one clean series at these minutes since a Monday, 00:00."""
    n = len(minute)
    hour, weekday = (minute % DAY) / 60.0, (minute // DAY) % 7
    work = weekday < 5
    rough = rng.normal(size=n)
    soft = lfilter([1.0], [1.0, -0.98], rng.normal(size=n)) * 0.2
    mixed = rng.uniform(0.1, 1) * rough + rng.uniform(0, 1) * soft
    wave = np.sin(2 * np.pi * (hour - rng.uniform(0, 24)) / 24)
    made = {
        "shifts": lambda: 2.0 * (work & (hour >= 6) & (hour < 22)) + 0.3 * mixed,
        "lunch dip": lambda: (
            work * (np.exp(-0.5 * ((hour - 13) / 3.5) ** 2) - 0.4 * np.exp(-2 * (hour - 12.5) ** 2))
            + 0.1 * mixed
        ),
        "evening peak": lambda: np.exp(1.5 * np.sin(2 * np.pi * (hour - 14) / 24)) + 0.4 * mixed,
        "weekday double": lambda: wave * np.where(work, 2.0, 1.0) + 0.3 * mixed,
        "warm room": lambda: (
            20 + 2 * wave + lfilter([1.0], [1.0, -0.998], rng.normal(size=n)) * 0.02 + 0.05 * rough
        ),
        "queue": lambda: lfilter([1.0], [1.0, -0.9], rng.exponential(size=n)),
        "night job": lambda: 3.0 * ((hour >= 2) & (hour < 3)) + 0.2 * mixed,
        "daily restart": lambda: (minute % DAY) / DAY + 0.02 * rough,
        "filling": lambda: rng.uniform(0.5, 5) * (minute - minute[0]) / DAY + 0.1 * rough,
        "rounded": lambda: np.round(40 + 5 * wave + 2 * mixed),
        "student noise": lambda: rng.standard_t(rng.uniform(3.5, 9), size=n) + wave,
        "gamma": lambda: rng.gamma(rng.uniform(1, 5), 1.0, n) * (1.2 + wave),
        "events": lambda: rng.poisson(rng.uniform(0.01, 3) * (1.2 + wave)) * 1.0,
        "byte counter": lambda: np.exp(6 + 0.7 * wave + 0.4 * mixed),
        "state": lambda: (np.cumsum(rng.random(n) < rng.uniform(2, 20) / DAY) % 2) * 1.0,
        "constant": lambda: np.full(n, rng.uniform(-9, 9)),
        "holes": lambda: wave + 0.3 * mixed,
        "one in three": lambda: wave + 0.3 * rough,
    }
    x = np.asarray(made[kind](), dtype=np.float64)
    if kind == "holes":
        for at in rng.integers(0, n, 5):
            x[at : at + int(rng.exponential(150)) + 1] = np.nan
    elif kind == "one in three":
        x[minute % 3 != 0] = np.nan
    return x * float(10 ** rng.uniform(-3, 7)) + float(10 ** rng.uniform(-3, 5))
