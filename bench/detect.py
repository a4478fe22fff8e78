"""Cost of detection: CPU time of one new minute against one pass over the state's bytes."""

import sys
import time
from datetime import timedelta

import numpy as np

from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.panel import Panel
from aiops.domain.state import State
from bench.fleets import KINDS, clean_series

STEP = timedelta(minutes=1)
STEP_NS = 60 * 10**9


def run(series: int = 10_000, points: int = 1_000) -> list[dict[str, object]]:
    """Returns one row per stage; a ratio is to the floor named beside it, in the same run."""
    rows: list[dict[str, object]] = []
    for name in ("seasonal", "novelty"):
        stage = DetectStage.of(DetectSettings(detector=name))
        state = warm(stage, series, points)
        panel = panel_of(series, points, 1)
        for what, part, step in (
            (
                "detector",
                stage.detector.version,
                lambda s, d=stage.detector, p=panel: d.update(s, p),
            ),
            ("detect stage", stage.version, lambda s, g=stage, p=panel: g.score(s, p)),
        ):
            held = detector_part(state) if what == "detector" else state
            size = sum(array.nbytes for array in held.arrays.values())
            cost = cheapest(step, held)
            floor = cheapest(read_modify_write, held)
            rows.append(
                {
                    "stage": f"{what} {name}",
                    "work": f"1 new minute of {series} series, {size // series} bytes each",
                    "cpu_seconds": cost,
                    "floor": "read, add one, write every array of the state",
                    "floor_cpu_seconds": floor,
                    "ratio": cost / floor,
                    "version": part,
                }
            )
        many = panel_of(min(series, 500), points, points)
        cost = cheapest(lambda s, g=stage, p=many: g.score(s, p), stage.start(len(many.series)))
        cells = many.values.size
        copy = cheapest(np.copy, many.values)
        rows.append(
            {
                "stage": f"detect stage {name}, history",
                "work": f"{cells} points, {cost / cells * 1e6:.3f} us each",
                "cpu_seconds": cost,
                "floor": "copy of the same values",
                "floor_cpu_seconds": copy,
                "ratio": cost / copy,
            }
        )
    return rows


def warm(stage: DetectStage, series: int, points: int) -> State:
    """Returns the state of a fleet that has seen ``points`` cells, repeated from fewer rows."""
    few = min(series, 140)
    state, _ = stage.score(stage.start(few), panel_of(few, 0, points))
    return state.take(np.arange(series, dtype=np.int64) % few)


def panel_of(series: int, start: int, cells: int) -> Panel:
    """Returns generated cells from a position on."""
    few = min(series, 140)
    values = np.empty((few, cells))
    for row in range(few):
        values[row] = clean_series(np.random.default_rng([row, start]), row % KINDS, cells)
    rows = np.arange(series) % few
    times = (start + np.arange(cells, dtype=np.int64)) * STEP_NS
    return Panel.of(values[rows], times, STEP)


def detector_part(state: State) -> State:
    """Returns what of the stage's state belongs to the detector."""
    prefix = "detector."
    arrays = {
        name.removeprefix(prefix): array
        for name, array in state.arrays.items()
        if name.startswith(prefix)
    }
    return State(state.version, arrays)


def read_modify_write(state: State) -> list[np.ndarray]:
    """The floor: a new state whose every element is the old one plus one."""
    return [array + array.dtype.type(1) for array in state.arrays.values()]


def cheapest(step, state, times: int = 3) -> float:
    """Returns the least CPU time of several runs."""
    best = np.inf
    for _ in range(times):
        begin = time.process_time()
        step(state)
        best = min(best, time.process_time() - begin)
    return float(best)


if __name__ == "__main__":
    for row in run(*(int(word) for word in sys.argv[1:])):
        print(
            f"{row['stage']:32} {row['work']:60} {row['cpu_seconds']:.4f} s, "
            f"floor {row['floor_cpu_seconds']:.4f} s, ratio {row['ratio']:.2f}"
        )
