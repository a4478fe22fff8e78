"""Novelty against a bounded long memory: the default detector.

Each series keeps prototypes of what it has done: pairs of neighbouring values and windows
at two longer time scales. What is far from every prototype is strange; new extremes and a
change of variance add to it. Channels are fused by summing logarithms of their tails.

Source: leader clustering (Hartigan, "Clustering Algorithms", 1975, ch. 3); nearest-neighbour
novelty (Ramaswamy et al., SIGMOD 2000); sums of log tails (Fisher's method).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.detector import DetectorScope
from aiops.contracts.plugin import NoSettings, Plugin
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel
from aiops.domain.state import State

VERSION: Final = "novelty-3"

_PHASE_SECONDS: Final = 1800
_DAYS: Final = 5.0
"""Days the time-of-day profile is averaged over."""

PARTS: Final = (
    "a pair of neighbours not seen before",
    "a stretch of 48 cells not seen before",
    "a stretch of 72 cells not seen before",
    "a stretch of 96 cells not seen before",
    "a new extreme",
    "steps of an unusual size",
    "the wrong time of day",
    "many cells that are each a little strange",
)
"""What adds to a score, in the order of the kernel."""

_ORDER: Final = (
    "seen", "anchor", "numbers", "pairs", "pair_used", "pair_place",
    "ring", "filled", "windows", "window_used", "window_place",
    "longs", "long_used", "long_place", "wides", "wide_used", "wide_place",
    "counts", "totals", "largest", "profile", "visits",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Novelty:
    """Scores a fleet; one unit is one series."""

    scope: DetectorScope = DetectorScope.SERIES
    version: str = VERSION

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        from detectors import _novelty_kernel as kernel

        def zeros(
            kind: type[np.generic], *shape: int
        ) -> "np.ndarray[tuple[int, ...], np.dtype[np.generic]]":
            return np.zeros((n_units, *shape), kind)

        return State(
            self.version,
            {
                "seen": zeros(np.int32),
                "anchor": zeros(np.float64),
                "numbers": zeros(np.float64, kernel.NUMBERS),
                "pairs": zeros(np.int16, 2, kernel.PAIRS),
                "pair_used": zeros(np.uint8, kernel.PAIRS),
                "pair_place": zeros(np.int16, 2),
                "ring": zeros(np.float32, kernel.RING),
                "filled": zeros(np.int32),
                "windows": zeros(np.int16, kernel.BLOCKS, kernel.WINDOWS),
                "window_used": zeros(np.uint8, kernel.WINDOWS),
                "window_place": zeros(np.int16, 2),
                "longs": zeros(np.int16, kernel.LONG_BLOCKS, kernel.LONG_WINDOWS),
                "long_used": zeros(np.uint8, kernel.LONG_WINDOWS),
                "long_place": zeros(np.int16, 2),
                "wides": zeros(np.int16, kernel.BLOCKS, kernel.WIDE_WINDOWS),
                "wide_used": zeros(np.uint8, kernel.WIDE_WINDOWS),
                "wide_place": zeros(np.int16, 2),
                "counts": zeros(np.uint16, kernel.CHANNELS, kernel.BINS),
                "totals": zeros(np.float32, kernel.CHANNELS),
                "largest": zeros(np.float32, kernel.CHANNELS),
                "profile": zeros(np.float32, kernel.PHASES),
                "visits": zeros(np.uint8, kernel.PHASES),
            },
        )

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells and returns the state after them."""
        return self._run(state, panel, np.empty((0, 0, 0)))

    def parts(self, state: State, panel: Panel) -> dict[str, NDArray[np.float64]]:
        """Returns what each channel adds to the scores of the cells, ``(n_units, n_times)``."""
        parts = np.zeros((*panel.values.shape, len(PARTS)))
        self._run(state, panel, parts)
        return {name: parts[:, :, i] for i, name in enumerate(PARTS)}

    def _run(self, state: State, panel: Panel, parts: NDArray[np.float64]) -> tuple[State, Scores]:
        from detectors import _novelty_kernel as kernel

        arrays = {name: array.copy() for name, array in state.arrays.items()}
        shape = panel.values.shape
        score, alone, expected = np.empty(shape), np.empty(shape), np.empty(shape)
        reason = np.zeros(shape, np.uint8)
        kernel.run(
            panel.values, panel.usable, np.isnan(panel.values),
            *(arrays[name] for name in _ORDER), _phases(panel),
            1.0 / max(1.0, _DAYS * _PHASE_SECONDS / max(panel.step.total_seconds(), 1e-3)),
            score, alone, reason, expected, parts,
        )  # fmt: skip
        return State(self.version, arrays), Scores(score, alone, reason, expected)


def _phases(panel: Panel) -> NDArray[np.int16]:
    """Returns the half hour of each cell in its zone, those of days off after those of work.

    -1 without a calendar.
    """
    from detectors import _novelty_kernel as kernel

    calendar = panel.calendar
    if calendar is None:
        return np.full(panel.values.shape, -1, np.int16)
    part = calendar.day_phase // _PHASE_SECONDS + kernel.SLOTS * calendar.day_off
    return part.astype(np.int16)[calendar.zone]


def _create(settings: NoSettings) -> Novelty:
    """Builds the detector and loads its compiled loop, so that no later call waits for it."""
    del settings
    from datetime import timedelta

    detector = Novelty()
    panel = Panel.of(np.zeros((1, 1)), np.zeros(1, np.int64), timedelta(minutes=1))
    detector.update(detector.start(1), panel)
    return detector


PLUGIN: Final = Plugin(
    summary="Novelty against a bounded memory of the series' own past (default).",
    settings=NoSettings,
    create=_create,
)
