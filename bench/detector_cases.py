"""For each method of the shelf one kind of trouble, generated, that it is made for.

    python -m bench.detector_cases [METHOD …]

Prints recall at 0.5 false alarms per series-week of the method, the default detector and a new
extreme in five lines on the same 28 series, two weeks each at five minutes; every third series
stays clean.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel
from bench import labelled
from bench.fleets import DAY, Rng, ar

CELLS = 14 * DAY
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """How a clean series is made, what goes wrong in it and for how many cells."""

    words: str
    clean: Callable[[Rng], Values]
    spoil: Callable[[Rng, Values, slice], None]
    cells: int
    settings: dict[str, Any] = field(default_factory=dict)


def noise(rng: Rng) -> Values:
    return 100 + rng.normal(size=CELLS)


def day(rng: Rng, size: float = 0.1) -> Values:
    t = np.arange(CELLS) + int(rng.integers(0, DAY))
    return 10 + np.sin(2 * np.pi * t / DAY) + size * ar(rng, CELLS, 0.5)


def bursts(rng: Rng) -> Values:
    """Busy now and then, up to the brim, for a few minutes."""
    x = 0.3 + 0.05 * rng.normal(size=CELLS)
    for at in np.flatnonzero(rng.random(CELLS) < 0.02):
        x[at : at + int(rng.integers(1, 5))] = 0.95 + 0.02 * rng.normal()
    return x


def growing(rng: Rng) -> Values:
    """Rises all the time: every value is a new extreme."""
    return np.arange(CELLS) * 0.05 + rng.normal(size=CELLS)


def busier(rng: Rng) -> Values:
    """Daily waves that grow more and more, as a service that finds users."""
    return day(rng) + np.arange(CELLS) * 2.0 / DAY


def breathing(rng: Rng) -> Values:
    """A load between 0.1 and 7 whose noise grows with it."""
    t = np.arange(CELLS) + int(rng.integers(0, DAY))
    return np.exp(2 * np.sin(2 * np.pi * t / DAY)) * (1 + 0.1 * rng.normal(size=CELLS))


def walk(rng: Rng) -> Values:
    return np.cumsum(rng.normal(size=CELLS))


def rounded(rng: Rng) -> Values:
    return np.round(50 + 5 * ar(rng, CELLS, 0.95), 1)


def temperature(rng: Rng) -> Values:
    return 3 * ar(rng, CELLS, 0.999) + 0.05 * rng.normal(size=CELLS)


def beat(rng: Rng) -> Values:
    """A machine's cycle of four hours, as in an electrocardiogram, on a drifting base."""
    t = np.arange(CELLS) + int(rng.integers(0, 48))
    part = t % 48
    one = np.exp(-0.5 * ((part - 12) / 2.5) ** 2) - 0.4 * np.exp(-0.5 * ((part - 20) / 3) ** 2)
    one += 0.5 * np.exp(-0.5 * ((part - 34) / 5) ** 2) + 0.03 * rng.normal(size=CELLS)
    drift = np.sin(2 * np.pi * np.arange(CELLS) / (3 * DAY))
    return one * (1 + 0.5 * drift) + 2 * np.sin(2 * np.pi * np.arange(CELLS) / (5 * DAY))


def add(size: float) -> Callable[[Rng, Values, slice], None]:
    def spoil(rng: Rng, x: Values, at: slice) -> None:
        x[at] += rng.choice([-1.0, 1.0]) * size

    return spoil


def fall(size: float) -> Callable[[Rng, Values, slice], None]:
    def spoil(_: Rng, x: Values, at: slice) -> None:
        x[at] -= size

    return spoil


def freeze(_: Rng, x: Values, at: slice) -> None:
    x[at] = x[at.start]


def backwards(_: Rng, x: Values, at: slice) -> None:
    x[at] = x[at][::-1]


def shake(size: float) -> Callable[[Rng, Values, slice], None]:
    def spoil(rng: Rng, x: Values, at: slice) -> None:
        x[at] += size * rng.normal(size=len(x[at]))

    return spoil


def brim(rng: Rng, x: Values, at: slice) -> None:
    x[at] = 0.95 + 0.02 * rng.normal(size=len(x[at]))


CASES: dict[str, Case] = {
    "rules": Case(
        "load above 0.9 for an hour where bursts of minutes are normal",
        bursts, brim, 12, {"above": 0.9, "lasts": timedelta(minutes=50)},
    ),
    "ewma": Case("a shift of 0.8 scales within the range, 8 hours", noise, add(0.8), 100),
    "cusum": Case("a shift of 1 scale within the range, 16 hours", noise, add(1.0), 200),
    "holt_winters": Case("a jump of 8 usual steps in a random walk", walk, add(8.0), 100),
    "seasonal_esd": Case("a quarter of an hour off its time of day", day, add(0.6), 3),
    "spot": Case("a drop of 9 scales in a series that always rises", growing, fall(9.0), 6),
    "flat_line": Case("a value that often repeats freezes for an hour", rounded, freeze, 12),
    "bocpd": Case("a step of 6 scales in a rising series, an hour", growing, fall(6.0), 12),
    "kmeans": Case("a wandering temperature shakes for an hour", temperature, shake(0.4), 12),
    "matrix_profile": Case("half a cycle runs backwards on a drifting base", beat, backwards, 24),
    "half_space_trees": Case("a jump of 8 usual steps in a random walk", walk, add(8.0), 100),
    "random_cut_forest": Case("a jump of 8 usual steps in a random walk", walk, add(8.0), 100),
    "isolation_forest": Case("a jump of 8 usual steps in a random walk", walk, add(8.0), 100),
    "local_outlier_factor": Case(
        "a load whose noise grows with it is off by half a unit, little by day",
        breathing, add(0.5), 12,
    ),
    "stl": Case("an hour off its time of day by 4 scales", day, add(0.4), 12),
    "prophet": Case(
        "an hour off its time of day by 4 scales, in a series that grows", busier, add(0.4), 12
    ),
    "auto": Case("a jump of 8 usual steps in a random walk", walk, add(8.0), 100),
    "peers": Case("one of 28 hosts with bursts in common has one of its own", day, add(0.5), 12),
}  # fmt: skip


def series_of(case: Case, seed: int = 5, n: int = 28) -> list[labelled.Labelled]:
    """Returns the series of a case; two of three have one event in the second week."""
    rng = np.random.default_rng(seed)
    times = labelled.MONDAY_NS + np.arange(CELLS, dtype=np.int64) * 300 * 10**9
    found = []
    for row in range(n):
        values, windows = case.clean(rng), ()
        if row % 3:
            at = int(rng.integers(8 * DAY, 13 * DAY))
            case.spoil(rng, values, slice(at, at + case.cells))
            windows = ((at, at + case.cells - 1),)
        found.append(labelled.Labelled(values, times, windows))
    return found


def siblings(seed: int = 5, n: int = 28) -> list[labelled.Labelled]:
    """Returns hosts that share a load of bursts; one of three has a burst of its own."""
    rng = np.random.default_rng(seed)
    times = labelled.MONDAY_NS + np.arange(CELLS, dtype=np.int64) * 300 * 10**9
    load = (
        day(rng)
        + np.convolve((rng.random(CELLS) < 0.01) * rng.gamma(3, 0.4, CELLS), np.ones(6))[:CELLS]
    )
    found = []
    for row in range(n):
        values = rng.uniform(-1, 1) + load + 0.05 * rng.normal(size=CELLS)
        windows: tuple[tuple[int, int], ...] = ()
        if row % 3 == 0:
            at = int(rng.integers(8 * DAY, 13 * DAY))
            values[at : at + 12] += 0.5
            windows = ((at, at + 11),)
        found.append(labelled.Labelled(values, times, windows))
    return found


def together(stage: DetectStage, series: list[labelled.Labelled]) -> list[Values]:
    """Returns the alerts of series that are judged side by side."""
    times = series[0].times
    calendar = build_calendar(times, ["UTC"] * len(series))
    values = np.array([one.values for one in series])
    panel = Panel.of(values, times, timedelta(minutes=5), calendar=calendar)
    return list(stage.score(stage.start(len(series)), panel)[1].alert)


def run(names: list[str]) -> None:
    """Prints one row for each case."""
    print("| method | case | the method | the default | five lines |\n|---|---|---|---|---|")
    for name in names:
        case = CASES[name]
        series = siblings() if name == "peers" else series_of(case)
        settings = DetectSettings(detector=name, settings=case.settings)
        at = [
            labelled.recalls(together(stage, series), series)[1]
            for stage in (DetectStage.of(settings), DetectStage.of(DetectSettings()))
        ]
        at.append(labelled.recalls([labelled.new_extreme(one)[0] for one in series], series)[1])
        figures = " | ".join(f"{recall:.2f}" for recall in at)
        print(f"| `{name}` | {case.words} | {figures} |", flush=True)


if __name__ == "__main__":
    run(sys.argv[1:] or list(CASES))
