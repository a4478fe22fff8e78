"""The whole funnel over 100,000 series: CPU time, and the true crossings it keeps.

A fleet on a few hundred generated shapes (``fleets.py``), two weeks in means of 30 minutes; three
in a hundred have a leak of one of four shapes. Asked: is the limit met within a day? Run:
``python bench/funnel.py [series]``.
"""

import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
from crossing import auc, brier, calibration_error, create, create_ensemble
from fleets import KINDS, clean_series
from numpy.typing import NDArray

from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.stage import ForecastStage

CELLS, HORIZON, EACH = 672, 48, 6
BLOCK = 5000
STEP = timedelta(minutes=30)
Floats = NDArray[np.float64]


def shapes(rng: np.random.Generator, count: int = 280) -> Floats:
    """Returns clean series of unit size, two weeks longer than is asked for."""
    long = 2 * CELLS + HORIZON
    rows = []
    while len(rows) < count:
        x = clean_series(rng, len(rows) % KINDS, long * EACH).reshape(-1, EACH).mean(axis=1)
        spread = x.std()
        rows.append((x - x.mean()) / spread if spread > 0 else x - x.mean())
    return np.array(rows)


def draw_block(rng: np.random.Generator, known: Floats, count: int) -> tuple[Floats, Floats]:
    """Returns ``(count, CELLS + HORIZON)`` values and their limits."""
    width = CELLS + HORIZON
    which = rng.integers(0, len(known), count)
    begin = rng.integers(0, known.shape[1] - width + 1, count)
    x = known[which[:, None], begin[:, None] + np.arange(width)]
    x = x + rng.normal(0, 0.05, x.shape)
    # Whoever set the limit knew the series for longer than the two weeks that are looked at.
    high, middle = known[which].max(axis=1), np.median(known[which], axis=1)
    limits = high + np.maximum(high - middle, 1.0) * rng.uniform(0.2, 2.0, count)
    for row in np.flatnonzero(rng.random(count) < 0.03).tolist():
        full = CELLS + rng.uniform(-10, 8 * HORIZON)
        since = full - rng.uniform(0.2, 1.5) * CELLS
        t = np.maximum((np.arange(width) - since) / (full - since), 0)
        shape = int(rng.integers(0, 4))
        if shape == 1:
            t = t**2
        elif shape == 2:
            t = np.floor(t * 12) / 12
        elif shape == 3:
            t = t + 0.1 * ((t * 10) % 1) * (t > 0)
        x[row] += t * (limits[row] - np.median(x[row, :CELLS]))
    return x, limits


def main(series: int = 100_000) -> None:
    """Prints the figures."""
    rng = np.random.default_rng(11)
    known = shapes(rng)
    settings = ForecastSettings()
    stage, ensemble = ForecastStage(settings, create("trend")), create_ensemble(settings)
    spent, told, ranged, came = 0.0, [], [], []
    for begin in range(0, series, BLOCK):
        count = min(BLOCK, series - begin)
        x, limits = draw_block(rng, known, count)
        past = x[:, :CELLS]
        panel = Panel.of(past, np.arange(CELLS) * 1800 * 10**9, STEP)
        keys = [SeriesKey(f"asset-{begin + i}", "used") for i in range(count)]
        clock = time.process_time()
        crossings = stage.cross(
            panel, keys, limits, [Direction.UP] * count, HORIZON * STEP, datetime.now(UTC),
            ensemble=ensemble.of_part(count / series),
        )  # fmt: skip
        spent += time.process_time() - clock
        fresh = past[:, -1] < limits
        chance = np.array([c.probability or 0.0 for c in crossings])
        told.append(chance[fresh])
        ranged.append(np.array([c.late is not None for c in crossings])[fresh])
        came.append((x[:, CELLS:] >= limits[:, None]).any(axis=1)[fresh])
    chance, passed, crossed = map(np.concatenate, (told, ranged, came))
    order = np.argsort(-chance, kind="stable")
    print(f"{series} series, {crossed.mean():.4f} cross; {spent:.1f} CPU s")
    with_them = crossed[passed].sum() / crossed.sum()
    print(f"replayed futures for {passed.mean():.4f}, among them {with_them:.4f} of the crossings")
    for share in (0.01, 0.02, 0.05):
        best = order[: round(share * len(order))]
        print(f"kept in the best {share:.0%}: {crossed[best].sum() / crossed.sum():.4f}")
    print(f"Brier {brier(chance, crossed):.5f}  AUC {auc(chance, crossed):.4f}  "
          f"calibration error {calibration_error(chance, crossed):.5f}")  # fmt: skip


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
