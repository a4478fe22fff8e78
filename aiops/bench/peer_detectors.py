"""What others' detectors need for the same points, for ``aiops bench --peers``.

Both are used as their guides say: pyod's isolation forest on windows of eight, fitted once on the
first 15 %; Prophet's 99 % band of the next 576 cells, fitted anew each 576 on all cells before.
"""

import logging
import resource
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from aiops.bench.fleet import fleet_panel, generate
from aiops.bench.measure import Figure, cpu_of, in_turns
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.panel import Panel

_SERIES: Final = 5
_OURS: Final = 200
"""Series the default detector is given, since five of them are done before a clock ticks."""
_LAGS: Final = 8
_PART: Final = 0.15
_REFIT: Final = 576


def measure(_series: int, n_points: int, _folder: Path) -> list[Figure]:
    """CPU seconds of a peer over those of the default stage for as many points."""
    stage = DetectStage.of(DetectSettings())
    many = fleet_panel(generate(_OURS), 0, n_points)
    few = fleet_panel(generate(_SERIES), 0, n_points)
    (own,) = in_turns(lambda: stage.score(stage.start(_OURS), many))
    floor = own * _SERIES / _OURS
    peers: dict[str, tuple[str, Callable[[Panel], None], int]] = {
        "pyod_iforest": ("pyod IForest on windows of 8, fitted once", _iforest, 30),
        "prophet_band": ("a Prophet band, fitted each 576 points", _prophet, 300),
    }
    found = []
    for name, (words, work, wanted) in peers.items():
        if find_spec(name.partition("_")[0]) is None:
            continue
        work(few.take(np.zeros(1, np.int64)))  # imports and their first calls
        took = _cpu_with_children(partial(work, few))
        told = f"{few.values.size} points: {words}; {wanted} x is wanted"
        floor_words = f"`{stage.detector.version}` through the whole detect stage, same points"
        found.append(Figure(f"peer.{name}", told, took, floor_words, floor))
    return found


def _cpu_with_children(work: Callable[[], None]) -> float:
    """Returns the CPU seconds of one call; Prophet fits in a process of its own."""
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = cpu_of(work)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own + end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime


def _iforest(panel: Panel) -> None:
    from pyod.models.iforest import IForest

    for row in panel.values:
        windows = np.lib.stride_tricks.sliding_window_view(row, _LAGS)
        model = IForest(random_state=0).fit(windows[: max(int(_PART * len(row)), 2 * _LAGS)])
        model.decision_function(windows)


def _prophet(panel: Panel) -> None:
    import pandas as pd
    from prophet import Prophet

    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).disabled = True
    times = pd.to_datetime(panel.times, unit="ns")
    for row in panel.values:
        table: Any = pd.DataFrame({"ds": times, "y": row})
        first = max(int(_PART * len(row)), 2)
        for at in range(first, len(row), _REFIT):
            with warnings.catch_warnings():
                # Its own use of pandas is not ours to mend.
                warnings.simplefilter("ignore")
                model = Prophet(interval_width=0.99).fit(table.iloc[:at])
                model.predict(table.iloc[at : at + _REFIT])
