"""Generated fleets: many assets with a daily season and noise, some of which fill up."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from aiops.contracts.collector import Inventory
from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.panel import Panel
from aiops.domain.series import Batch, FloatArray, IntArray, SeriesKey
from aiops.domain.step import DAY, MINUTE, SECOND

BEGIN: Final = 1_767_571_200 * SECOND
"""2026-01-05 00:00 UTC, a Monday."""

STEP: Final = timedelta(minutes=1)
LIMITED: Final = "bench.filesystem.utilization"
_METRICS: Final = (
    LIMITED,
    "bench.cpu.utilization",
    "bench.memory.utilization",
    "bench.temperature",
    "bench.requests",
)
_FILLING: Final = 50
"""One asset in so many really fills up."""

_FILLED_A_DAY: Final = 0.45
"""Most of those that fill up have hours left after the first day."""


@dataclass(frozen=True, slots=True)
class GeneratedFleet:
    """``n`` series of ``n / 5`` assets, the first metric of each with a limit."""

    keys: tuple[SeriesKey, ...]
    inventory: Inventory
    level: FloatArray
    swing: FloatArray
    slope: FloatArray
    phase: FloatArray

    def values(self, cells: IntArray, seed: int) -> FloatArray:
        """Returns ``(n, len(cells))`` values of cells counted from ``BEGIN``."""
        rng = np.random.default_rng([seed, int(cells[0])])
        day = 2 * np.pi * (cells * MINUTE % DAY) / DAY
        season = self.swing[:, None] * np.sin(day[None, :] + self.phase[:, None])
        noise = rng.normal(0, 0.01, (len(self.keys), len(cells)))
        grown = self.level[:, None] + self.slope[:, None] * cells[None, :]
        return np.asarray(np.clip(grown + season + noise, 0, 1))

    def batch(self, cell: int, values: FloatArray) -> Batch:
        """Returns what one scrape brings: each series at an offset of its own."""
        n = len(self.keys)
        times = BEGIN + cell * MINUTE + np.arange(n) * 11 % 50_000 * 1_000_000
        return Batch(self.keys, np.arange(n, dtype=np.int32), times, values)


def generate(n_series: int, seed: int = 1) -> GeneratedFleet:
    """Returns a fleet; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    keys = tuple(
        SeriesKey(f"host-{i // len(_METRICS):05}", _METRICS[i % len(_METRICS)])
        for i in range(n_series)
    )
    limited = np.array([key.metric == LIMITED for key in keys])
    number = np.arange(n_series) // len(_METRICS)
    filling = limited & (number % _FILLING == 0)
    metrics = tuple(
        Metric(name, "1", bad_direction=Direction.UP, floor=0.0, ceiling=1.0) for name in _METRICS
    )
    return GeneratedFleet(
        keys,
        Inventory(
            assets=tuple(Asset(key) for key in dict.fromkeys(key.asset for key in keys)),
            metrics=metrics,
            limits=(Limit(LIMITED, Direction.UP, 0.95),),
        ),
        level=rng.uniform(0.3, 0.45, n_series),
        swing=np.where(limited, 0.0, 0.1),
        slope=np.where(filling, _FILLED_A_DAY * MINUTE / DAY, 0.0),
        phase=rng.uniform(0, 6, n_series),
    )


def fleet_panel(fleet: GeneratedFleet, first: int, cells: int, seed: int = 1) -> Panel:
    """Returns the fleet's cells ``first`` to ``first + cells``."""
    numbers = np.arange(first, first + cells)
    return Panel.of(fleet.values(numbers, seed), BEGIN + numbers * MINUTE, STEP)
