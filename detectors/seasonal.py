"""Seasonal profile and robust scale: the plain streaming detector, numpy across series.

Each series keeps a mean for every part of the week (of the day until a week has been seen)
and a level that follows slowly; what is left over is measured in robust scales. Where the
panel has no calendar, the level alone is expected.

Source: exponentially weighted profile and absolute deviation (Holt 1957; Brown 1959); steps
are limited as in M-estimation (Huber, Annals of Mathematical Statistics 35, 1964), so that
outliers do not move what is expected.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.detector import DetectorScope
from aiops.contracts.plugin import Plugin
from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.domain.state import State

VERSION: Final = "seasonal-1"
PHASES: Final = 168
"""Hours of a week."""
WARM_UP: Final = 64
_LIMIT: Final = 4.0
"""Scales by which one cell may move what is expected, at most."""
_TAIL: Final = 3.0
"""Degrees of freedom of the Student tail that scores are read from."""
_LARGEST: Final = 1e150


@dataclass(frozen=True, slots=True)
class SeasonalSettings:
    """How fast it forgets."""

    level_cells: int = field(default=288, metadata={"help": "Cells the level is averaged over."})
    weeks: int = field(default=4, metadata={"help": "Weeks the profile is averaged over."})


@dataclass(frozen=True, slots=True)
class Seasonal:
    """Scores a fleet; one unit is one series."""

    settings: SeasonalSettings = field(default_factory=SeasonalSettings)
    scope: DetectorScope = DetectorScope.SERIES
    version: str = VERSION

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        return State(
            self.version,
            {
                "seen": np.zeros(n_units, np.int32),
                "level": np.zeros(n_units),
                "scale": np.zeros(n_units),
                "profile": np.zeros((n_units, PHASES), np.float32),
                "visits": np.zeros((n_units, PHASES), np.float32),
            },
        )

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells and returns the state after them."""
        arrays = {name: array.copy() for name, array in state.arrays.items()}
        score, expected = np.full(panel.values.shape, np.nan), np.full(panel.values.shape, np.nan)
        usable = panel.usable & (np.abs(panel.values) < _LARGEST)
        reason = np.where(np.isnan(panel.values), Abstention.MISSING, Abstention.BAD_DATA)
        reason = reason.astype(np.uint8)
        for t in range(len(panel.times)):
            rows = np.flatnonzero(usable[:, t])
            phase = None
            if panel.calendar is not None:
                phase = panel.calendar.week_phase[panel.calendar.zone[rows], t] // 3600
            score[rows, t], expected[rows, t], reason[rows, t] = self._step(
                arrays, rows, panel.values[rows, t], phase
            )
        return State(self.version, arrays), Scores(score, score, reason, expected)

    def _step(
        self,
        arrays: dict[str, NDArray[np.float64]],
        rows: NDArray[np.int64],
        values: FloatArray,
        phase: NDArray[np.int64] | None,
    ) -> tuple[FloatArray, FloatArray, NDArray[np.uint8]]:
        """Scores one cell of the given rows and learns from it."""
        seen = arrays["seen"][rows].astype(np.float64)
        level = np.where(seen == 0, values, arrays["level"][rows])
        scale = arrays["scale"][rows]
        if phase is None:
            season = np.zeros(len(rows))
        else:
            # Scale units: the profile survives a change of unit as the level does.
            season = arrays["profile"][rows, phase] * (arrays["visits"][rows, phase] > 0) * scale
        wanted = level + season
        rest = values - wanted
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            apart = np.where(scale > 0, np.abs(rest) / scale, np.where(rest != 0, _LIMIT, 0.0))
        apart = np.minimum(apart, 1e6)
        score = (_TAIL + 1) / 2 * np.log1p(apart * apart / _TAIL)
        limit = np.where((scale > 0) & (seen >= WARM_UP / 2), _LIMIT * scale, np.inf)
        held = np.clip(rest, -limit, limit)
        pace = np.maximum(1.0 / (seen + 1.0), 1.0 / self.settings.level_cells)
        arrays["level"][rows] = level + pace * held
        arrays["scale"][rows] = scale + pace * (1.25 * np.abs(held) - scale)
        if phase is not None:
            visits = arrays["visits"][rows, phase]
            share = np.maximum(1.0 / (visits + 1.0), 1.0 / (12.0 * self.settings.weeks))
            moved = np.where(scale > 0, held / np.where(scale > 0, scale, 1.0), 0.0) * share
            arrays["profile"][rows, phase] += np.clip(moved, -1e6, 1e6)
            arrays["visits"][rows, phase] = visits + 1.0
        arrays["seen"][rows] += 1
        warming = seen < WARM_UP
        constant = ~warming & (scale == 0) & (rest == 0)
        reason = np.where(warming, Abstention.WARMING_UP, Abstention.NONE)
        reason = np.where(constant, Abstention.CONSTANT, reason).astype(np.uint8)
        return np.where(reason == 0, score, np.nan), wanted, reason


PLUGIN: Final = Plugin(
    summary="Hour-of-week profile, level and robust scale; plain and very fast.",
    settings=SeasonalSettings,
    create=Seasonal,
)
