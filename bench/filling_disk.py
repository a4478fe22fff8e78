"""Does the range hold? A volume that fills, in four stories, and two that must open nothing.

Virtual time: each story is replayed cell by cell; an incident opens when two forecasts in a row
give at least 0.7. Run: ``python bench/filling_disk.py [seeds]``.
"""

import sys
from datetime import UTC, datetime, timedelta

import numpy as np

from aiops import plugins
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.stage import ForecastStage

STEP = timedelta(minutes=5)
STORIES = ("steady", "saw-tooth", "pause", "accelerating")
CONTROLS = ("stops at 60 %", "plateau at 85 %")


def story(name: str, seed: int) -> tuple[np.ndarray, int | None]:
    """Returns a volume's used share by cell, and the cell at which it is full (or None)."""
    draw = np.random.default_rng([seed, sum(name.encode())])
    length = int(draw.integers(150, 400))
    begin = draw.uniform(0.05, 0.35)
    t = np.linspace(0, 1.6, int(1.6 * length))
    rough = np.cumsum(draw.normal(0, 1, len(t))) * 0.15 / length
    noise = draw.normal(0, draw.choice([0.0005, 0.003, 0.01]), len(t))
    if name == "steady":
        grown = t
    elif name == "saw-tooth":
        period, drop = draw.uniform(0.04, 0.12), draw.uniform(0.03, 0.12)
        grown = t + drop * ((t / period) % 1 - 0.5)
    elif name == "pause":
        at = draw.uniform(0.25, 0.42)
        grown = np.where(t < at, t, np.where(t < at + 1 / 3, at, t - 1 / 3)) * 1.5
    elif name == "accelerating":
        grown = t ** draw.uniform(1.4, 2.2)
    elif name == "stops at 60 %":
        grown = np.minimum(t, (0.6 - begin) / (1 - begin))
    else:
        return np.clip(0.85 + draw.normal(0, 0.02, len(t)), 0, 1), None
    used = begin + (1 - begin) * (grown + rough) + noise
    over = np.flatnonzero(used >= 1.0)
    full = int(over[0]) if len(over) and name not in CONTROLS else None
    return np.clip(used, 0, 1), full


def replay(stage: ForecastStage, used: np.ndarray, full: int | None, every: int = 3):
    """Returns (opened at, early, late) in cells, or None when nothing opened."""
    origin = datetime(2026, 1, 1, tzinfo=UTC)
    agreed = 0
    for cell in range(24, full if full is not None else len(used), every):
        times = (int(origin.timestamp()) * 10**9) + np.arange(cell) * 300 * 10**9
        panel = Panel.of(used[:cell], times, STEP)
        now = origin + cell * STEP
        key = (SeriesKey("volume", "system.filesystem.utilization"),)
        (crossing,) = stage.cross(
            panel,
            key,
            np.array([1.0]),
            (Direction.UP,),
            horizon=7 * 24 * timedelta(hours=1),
            now=now,
        )
        agreed = agreed + 1 if (crossing.probability or 0) >= 0.7 else 0
        if agreed == 2:
            return cell, (crossing.early - origin) / STEP, (crossing.late - origin) / STEP
    return None


def load_trend():
    return plugins.create("forecasts", "trend", plugins.load("forecasts", "trend").settings())


def main(seeds: int) -> None:
    """Prints one line a story."""
    stage = ForecastStage(ForecastSettings(), load_trend())
    held = before = 0
    for name in (*STORIES, *CONTROLS):
        opened, inside, early_by, late_by, widths, lead = 0, 0, 0, 0, [], []
        for seed in range(seeds):
            used, full = story(name, seed)
            answer = replay(stage, used, full)
            if answer is None:
                continue
            opened += 1
            at, early, late = answer
            if full is None:
                continue
            inside += early - 1 <= full <= late
            early_by += full < early - 1
            late_by += full > late
            widths.append((late - at) / at)
            lead.append((full - at) / full)
        line = f"{name:16} opened {opened:2}/{seeds}"
        if name in STORIES:
            line += (
                f"  inside {inside:2}  before early {early_by}  after late {late_by}"
                f"  window/age {np.median(widths or [0]):.2f}"
                f"  lead/life {np.median(lead or [0]):.2f}"
            )
            held += inside
            before += opened
        print(line)
    total = seeds * len(STORIES)
    print(f"held {held}/{total}, opened before full {before}/{total}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
