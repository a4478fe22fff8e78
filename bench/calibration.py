"""The dial: false alarms realised on clean series against the budget asked for.

python -m bench.calibration 10000            on series the dial was never fitted to
python -m bench.calibration 10000 afresh     on series that it was judged by before, as unseen
python -m bench.calibration 10000 fitted     on series it was fitted to, as steady, bench/fleets.py
"""

import sys
from collections.abc import Callable
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from aiops.detect.decide import threshold
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel
from bench import afresh, composed, steady, unseen
from bench.labelled import MONDAY_NS

DAY = 1440
STEP_NS = 60 * 10**9
APART = 60
KINDS = ("daily", "weekly", "trend", "heavy", "counter", "constant", "gaps", "quiet noise")


def judged_series(rng: np.random.Generator, kind: str, cells: int) -> NDArray[np.float64]:
    """Returns one clean series at one-minute steps."""
    t = np.arange(cells) + int(rng.integers(0, 7 * DAY))
    noise = rng.normal(size=cells)
    smooth = np.convolve(noise, np.ones(15) / np.sqrt(15), mode="same")
    day = np.cos(2 * np.pi * t / DAY) + 0.3 * np.cos(4 * np.pi * t / DAY + 1)
    size = rng.uniform(0.05, 0.4)
    if kind == "daily":
        x = day + size * noise
    elif kind == "weekly":
        x = day * np.where((t // DAY) % 7 >= 5, 0.5, 1.0) + size * smooth
    elif kind == "trend":
        x = t / cells * rng.uniform(-4, 4) + 0.5 * day + size * noise
    elif kind == "heavy":
        x = np.exp(rng.uniform(0.3, 0.9) * noise) + rng.uniform(0, 1) * day
    elif kind == "counter":
        x = rng.poisson(np.exp(2 + 0.7 * day)) / 60.0
    elif kind == "constant":
        x = np.full(cells, rng.uniform(0, 100))
    elif kind == "gaps":
        x = day + size * smooth
        for at in rng.integers(0, cells, 20):
            x[at : at + int(rng.integers(1, 200))] = np.nan
    else:
        x = noise
    return x * float(np.exp(rng.uniform(-5, 15)))


Make = Callable[[np.random.Generator, str, int], NDArray[np.float64]]


def run(series: int = 1_000, which: str = "composed", seed: int = 2026) -> list[dict[str, object]]:
    """Returns realised and asked false alarms per series-week, all kinds together and each."""
    names, make = {
        "fitted": (KINDS, judged_series),
        "steady": (steady.KINDS, steady.series),
        "unseen": (unseen.KINDS, unseen.series),
        "afresh": (afresh.KINDS, None),
        "composed": (composed.KINDS, None),
    }[which]
    dated = composed.series if which == "composed" else afresh.series
    stage = DetectStage.of(DetectSettings())
    cells = 7 * DAY
    alarms = {budget: np.zeros(len(names)) for budget in (1.0, 0.1, 0.01)}
    count = np.zeros(len(names))
    rng = np.random.default_rng(seed)
    for at in range(0, series, 80):
        kinds = np.arange(at, min(at + 80, series)) % len(names)
        times = np.arange(cells, dtype=np.int64) * STEP_NS
        if make is None:  # these keep the calendar's week: a batch begins at one time of it
            times += MONDAY_NS + int(rng.integers(0, 7 * DAY)) * STEP_NS
            minute = (times - MONDAY_NS) // STEP_NS
            values = np.array([dated(rng, names[kind], minute) for kind in kinds])
        else:
            values = np.array([make(rng, names[kind], cells) for kind in kinds])
        calendar = build_calendar(times, ["UTC"] * len(kinds))
        panel = Panel.of(values, times, timedelta(minutes=1), calendar=calendar)
        _, found = stage.score(stage.start(len(kinds)), panel)
        np.add.at(count, kinds, 1)
        for budget, seen in alarms.items():
            for kind, alert in zip(kinds, found.alert, strict=True):
                seen[kind] += openings(alert[750:], threshold(budget, STEP_NS))
    part = (cells - 750) / cells
    return [
        {
            "asked": budget,
            "realised": seen.sum() / count.sum() / part,
            "ratio": seen.sum() / count.sum() / part / budget,
            "alarms": int(seen.sum()),
            **{kind: float(seen[i] / count[i] / part) for i, kind in enumerate(names)},
        }
        for budget, seen in alarms.items()
    ]


def openings(alert: NDArray[np.float64], least: float) -> int:
    """Returns how many alarms there are; alerts less than an hour apart are one."""
    at = np.flatnonzero(alert >= least)
    return 0 if not len(at) else 1 + int((np.diff(at) > APART).sum())


if __name__ == "__main__":
    for row in run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000, *sys.argv[2:3]):
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()})
