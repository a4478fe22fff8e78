"""The detector and the whole detect stage: one new minute of a fleet that has lived a day."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.bench.fleet import fleet_panel, generate
from aiops.bench.measure import Figure, in_turns
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.state import State

_LIVED: Final = 500
"""Series that really live the day; the others begin with copies of their states."""


def measure(n_series: int, n_points: int, _folder: Path) -> list[Figure]:
    """One new minute for twice the fleet, as the goal is named for 10,000 series."""
    n = 2 * n_series
    stage = DetectStage.of(DetectSettings())
    lived = generate(min(n, _LIVED))
    fleet = generate(n)
    warm, _ = stage.update(stage.start(len(lived.keys)), fleet_panel(lived, 0, n_points))
    whole = warm.take(np.arange(n) % len(warm))
    first, *minutes = (fleet_panel(fleet, n_points + i, 1) for i in range(8))
    whole, _ = stage.update(whole, first)
    names = [name for name in whole.arrays if name.startswith("detector.")]
    own = State(
        stage.detector.version,
        {name.removeprefix("detector."): whole.arrays[name] for name in names},
    )
    kept = {"whole": whole, "own": own}
    coming = {"whole": iter(minutes), "own": iter(minutes)}

    def update_stage() -> None:
        kept["whole"], _ = stage.update(kept["whole"], next(coming["whole"]))

    def update_detector() -> None:
        kept["own"], _ = stage.detector.update(kept["own"], next(coming["own"]))

    passes = {name: _copies(state) for name, state in kept.items()}
    took = in_turns(
        update_stage,
        update_detector,
        lambda: _pass_over(passes["whole"]),
        lambda: _pass_over(passes["own"]),
    )
    sizes = {name: sum(a.nbytes for a in arrays) / 1e6 for name, arrays in passes.items()}
    work = f"{n} series, one new minute"
    floor = "one read-modify-write pass over the same state"
    return [
        Figure(
            "detect.detector_update", work, took[1], f"{floor} ({sizes['own']:.0f} MB)", took[3], 5
        ),
        Figure(
            "detect.stage_update",
            f"{work}: score, calibrate, decide",
            took[0],
            f"{floor} ({sizes['whole']:.0f} MB)",
            took[2],
        ),
    ]


def _copies(state: State) -> list[NDArray[np.uint64]]:
    """Returns the state's bytes as words that may be written."""
    found = []
    for array in state.arrays.values():
        flat: NDArray[Any] = np.array(array, copy=True).reshape(-1).view(np.uint8)
        found.append(flat[: len(flat) // 8 * 8].view(np.uint64))
    return found


def _pass_over(arrays: list[NDArray[np.uint64]]) -> None:
    for words in arrays:
        np.add(words, 1, out=words)
