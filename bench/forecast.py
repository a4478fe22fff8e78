"""What a forecast costs: the screen, the replayed futures, the ensemble; CPU time beside a copy.

Run: ``python bench/forecast.py [series] [points]``.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from aiops import plugins
from aiops.domain.forecast import Known
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.forecast.screen import screen
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.stage import ForecastStage

STEP = timedelta(minutes=30)


def make_fleet(series: int, points: int) -> Panel:
    """Returns noise about a level, a third of it wandering, one in fifty filling up."""
    draw = np.random.default_rng(0)
    values = 0.5 + draw.normal(0, 0.05, (series, points))
    third, few = series // 3, max(1, series // 50)
    values[:third] += np.cumsum(draw.normal(0, 0.005, (third, points)), axis=1)
    values[-few:] = np.linspace(0.1, 0.8, points) + draw.normal(0, 0.01, (few, points))
    return Panel.of(np.clip(values, 0, 1), np.arange(points) * 1800 * 10**9, STEP)


def run(series: int = 5000, points: int = 672) -> list[dict[str, object]]:
    """Returns one row for each stage."""
    panel = make_fleet(series, points)
    limits, up = np.full(series, 0.95), np.ones(series, dtype=bool)
    keys = [SeriesKey(f"asset-{i}", "used") for i in range(series)]
    stage = ForecastStage(ForecastSettings(), _create("trend"))
    copy = _cpu(panel.values.copy)
    passed = screen(panel, limits, up, points // 2)
    near = int(passed.near.sum())
    auto, few = _create("auto"), panel.take(np.arange(min(series, 200)))
    levels = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
    rows = (
        (
            "forecast screen", f"{series} series × {points} points, {near} pass on",
            _cpu(lambda: screen(panel, limits, up, points // 2)), copy, series,
        ),
        (
            "forecast crossings", f"{series} series × {points} points, paths for {near}",
            _cpu(lambda: stage.cross(
                panel, keys, limits, [Direction.UP] * series, timedelta(days=7),
                datetime(2026, 1, 1, tzinfo=UTC),
            )), copy, series,
        ),
        (
            "forecast auto", f"{len(few.series)} series × {points} points, 48 ahead",
            _cpu(lambda: auto.forecast(auto.update(None, few), few, 48, levels, Known())),
            _cpu(few.values.copy), len(few.series),
        ),
    )  # fmt: skip
    return [
        {
            "stage": name, "work": work, "cpu_seconds": cost, "floor": "copy of the same values",
            "floor_cpu_seconds": floor, "ratio": cost / floor, "series_per_second": count / cost,
        }
        for name, work, cost, floor, count in rows
    ]  # fmt: skip


def _create(name: str):
    return plugins.create("forecasts", name, plugins.load("forecasts", name).settings())


def _cpu(work: Callable[[], object], times: int = 3) -> float:
    """Returns the least CPU time of a few runs."""
    spent = []
    for _ in range(times):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return max(min(spent), 1e-6)


if __name__ == "__main__":
    for row in run(*(int(word) for word in sys.argv[1:3])):
        print(row)
