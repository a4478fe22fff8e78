"""The cheap screen of a fleet's limits, and a whole look at them."""

from pathlib import Path

import numpy as np

from aiops.bench.fleet import fleet_panel, generate
from aiops.bench.measure import Figure, in_turns
from aiops.forecast.screen import screen


def measure(n_series: int, n_points: int, _folder: Path) -> list[Figure]:
    """Every series against a limit; paths are not simulated here (see ``once.forecast``)."""
    panel = fleet_panel(generate(n_series), 0, n_points)
    limits = np.full(n_series, 0.95)
    up = np.ones(n_series, bool)
    took = in_turns(lambda: screen(panel, limits, up, n_points), lambda: np.array(panel.values))
    return [
        Figure(
            "forecast.screen",
            f"{n_series} series x {n_points} cells, {n_series / max(took[0], 1e-9):.0f} series/s",
            took[0],
            "copy the same float64 matrix",
            took[1],
        )
    ]
