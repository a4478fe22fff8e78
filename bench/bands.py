"""Do bands hold what they promise, for the fleet and for the worst series?

    python bench/bands.py            generated fleets
    python bench/bands.py FOLDER     and the hourly columns of ``forecast/ett/ETTh1.csv`` there

Each series is forecast 48 hours ahead from 30 origins two days apart, seeing the 30 days before;
that is room for more than ten earlier windows to calibrate on. Printed are the cells that the 80 %
and 95 % bands held over all series, the largest gap of the two to what was promised, the worst
series at 80 %, the mean pinball loss beside that of the raw bands, and CPU time.
"""

import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from crossing import create
from fleets import clean_series
from numpy.typing import NDArray

from aiops.contracts.errors import NotEnoughHistory
from aiops.contracts.forecaster import Forecaster
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.forecast.conform import conform

LEVELS = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
PAST, AHEAD, ORIGINS = 720, 48, 30
LONG = PAST + AHEAD * ORIGINS
MOVING = range(11)
"""Kinds of generated series that move at all; those that hardly do have no band to judge."""

Floats = NDArray[np.float64]


def generated(seed: int, each: int = 3) -> dict[str, Floats]:
    """Returns hourly means of generated series, some of each kind."""
    rng = np.random.default_rng(seed)
    return {
        f"kind {kind}, {number}": clean_series(rng, kind, 12 * LONG).reshape(-1, 12).mean(axis=1)
        for kind in MOVING
        for number in range(each)
    }


def recorded(folder: Path) -> dict[str, Floats]:
    """Returns the last hours of each column."""
    table = pd.read_csv(folder / "forecast/ett/ETTh1.csv")
    return {name: table[name].to_numpy(float)[-LONG:] for name in table.columns[1:]}


def windows(series: Floats) -> Iterator[tuple[Panel, Floats]]:
    """Yields what is seen at each origin, and what came."""
    times = np.arange(PAST) * 3600 * 10**9
    for number in range(ORIGINS):
        begin = number * AHEAD
        past = series[begin : begin + PAST]
        after = series[begin + PAST : begin + PAST + AHEAD]
        yield Panel.of(past[None, :], begin * 3600 * 10**9 + times, timedelta(hours=1)), after


def pinball(quantiles: Floats, truth: Floats) -> float:
    """Returns the mean pinball loss over steps and levels."""
    gap = truth[:, None] - quantiles
    return float(np.maximum(LEVELS * gap, (LEVELS - 1) * gap).mean())


def judge(name: str, fleet: dict[str, Floats], model: Forecaster) -> None:
    """Prints the rows of one fleet: bands as the method has them, and as they are shown."""

    def ask(past: Panel, ahead: int) -> Forecast:
        return model.forecast(model.update(None, past), past, ahead, LEVELS, Known())

    for shown in (False, True):
        held: list[Floats] = []
        losses, spent, windows_told = [], 0.0, 0
        for series in fleet.values():
            inside = []
            for panel, truth in windows(series):
                begin = time.process_time()
                try:
                    told = ask(panel, AHEAD)
                    told = conform(told, panel, ask) if shown else told
                except NotEnoughHistory:
                    continue
                finally:
                    spent += time.process_time() - begin
                if told.reason[0]:
                    continue
                windows_told += 1
                q = told.quantiles[0]
                inside.append([
                    np.mean((truth >= q[:, 1]) & (truth <= q[:, 3])),
                    np.mean((truth >= q[:, 0]) & (truth <= q[:, 4])),
                ])  # fmt: skip
                losses.append(pinball(q, truth) / (series.std() or 1.0))
            if inside:
                held.append(np.mean(inside, axis=0))
        cover = np.mean(held, axis=0)
        gap = 100 * np.abs(cover - [0.8, 0.95]).max()
        print(
            f"{name:10s} {model.version:8s} {'shown' if shown else 'raw':6s}",
            f"{len(held):3d} series {windows_told:5d} windows  80 %: {cover[0]:.3f}",
            f"95 %: {cover[1]:.3f}  gap {gap:3.1f} points  worst {min(h[0] for h in held):.3f}",
            f"loss {np.mean(losses):.4f}  {1000 * spent / windows_told:.0f} ms",
        )


def main(folder: Path | None) -> None:
    """Prints the table."""
    fleets = {"generated": generated(5)}
    if folder is not None:
        fleets["ETT"] = recorded(folder)
    for name, fleet in fleets.items():
        judge(name, fleet, create("trend"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
