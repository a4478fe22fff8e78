"""Flat lines and missing samples: a value that freezes, a source that falls silent.

A run of equal values, or of cells without one, is held against the longest such run so far and
against how likely equal (missing) neighbours are in this series. It is the one detector that
scores cells without a sample.

Source: geometric law of runs (Feller, "An Introduction to Probability Theory", vol. 1, ch. XIII).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit

from aiops.contracts.detector import DetectorScope
from aiops.contracts.plugin import NoSettings, Plugin
from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel, Quality
from aiops.domain.state import State
from detectors._streaming import WARM_UP

VERSION: Final = "flat-line-1"
_FADE: Final = 1.0 - 2e-4
"""The longest run fades by this in a cell, so that one long outage does not blind for ever."""
_DOUBLED: Final = 6.0
"""A run e times as long as any before has this much evidence, if its cells have it too."""

_MISSING: Final = int(Abstention.MISSING)
_BAD: Final = int(Abstention.BAD_DATA)
_WARMING: Final = int(Abstention.WARMING_UP)
_KINDS: Final = 2
"""Runs of equal values, runs without a value."""


@dataclass(frozen=True, slots=True)
class FlatLine:
    """Scores a fleet; one unit is one series."""

    scope: DetectorScope = DetectorScope.SERIES
    version: str = VERSION

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        return State(
            self.version,
            {
                "seen": np.zeros(n_units),
                "last": np.zeros(n_units),
                "run": np.zeros((n_units, _KINDS)),
                "longest": np.full((n_units, _KINDS), [-1.0, 0.0]),
                "inside": np.zeros((n_units, _KINDS)),
            },
        )

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells and returns the state after them."""
        arrays = {name: array.copy() for name, array in state.arrays.items()}
        shape = panel.values.shape
        score, expected = np.empty(shape), np.empty(shape)
        reason = np.empty(shape, np.uint8)
        absent = (panel.quality == Quality.MISSING) | np.isnan(panel.values)
        _LOOP(
            panel.values, panel.usable, absent, arrays["seen"], arrays["last"], arrays["run"],
            arrays["longest"], arrays["inside"], score, expected, reason,
        )  # fmt: skip
        return State(self.version, arrays), Scores(score, score, reason, expected)


def _evidence(run: float, longest: float, inside: float, seen: float) -> float:
    """Returns −ln of how likely a run is that is longer than any before."""
    if run <= longest:
        return 0.0
    each = -np.log((inside + 0.5) / (seen + 1.0))
    return float(min(run * max(each, 0.0), _DOUBLED * np.log((run + 1.0) / (longest + 1.0))))


def _run(  # noqa: C901 - one compiled loop
    values: Any, usable: Any, absent: Any, seen: Any, last: Any, run: Any, longest: Any,
    inside: Any, score: Any, expected: Any, reason: Any,
) -> None:  # fmt: skip
    for row in range(values.shape[0]):
        for t in range(values.shape[1]):
            score[row, t], expected[row, t] = np.nan, np.nan
            kind = 1 if absent[row, t] else 0
            if not usable[row, t] and not (absent[row, t] and seen[row] > 0):
                reason[row, t] = _MISSING if kind else _BAD
                continue
            now = seen[row]
            changed = kind == 0 and now > 0 and values[row, t] != last[row]
            if kind == 1 or (now > 0 and not changed):
                run[row, kind] += 1.0
            # What ended is the past now. Equal values on both sides of a gap are one run.
            if changed:
                longest[row, 0] = max(longest[row, 0], run[row, 0])
                inside[row, 0] += run[row, 0]
                run[row, 0] = 0.0
            if kind == 0:
                longest[row, 1] = max(longest[row, 1], run[row, 1])
                inside[row, 1] += run[row, 1]
                run[row, 1] = 0.0
            for other in range(_KINDS):
                if longest[row, other] > 0:
                    longest[row, other] *= _FADE
            seen[row] = now + 1.0
            expected[row, t] = last[row] if now > 0 else values[row, t]
            if kind == 0:
                last[row] = values[row, t]
            if now < WARM_UP:
                reason[row, t] = _MISSING if kind else _WARMING
                continue
            reason[row, t] = 0
            # A value that has never changed is no frozen one.
            score[row, t] = (
                _evidence(run[row, kind], longest[row, kind], inside[row, kind], now)
                if longest[row, kind] >= 0
                else 0.0
            )


_evidence = njit(cache=True, error_model="numpy")(_evidence)
_LOOP: Final = njit(cache=True, nogil=True, error_model="numpy")(_run)


def _create(settings: NoSettings) -> FlatLine:
    del settings
    return FlatLine()


PLUGIN: Final = Plugin(
    summary="Flat lines and missing samples: values that freeze, sources that fall silent.",
    settings=NoSettings,
    create=_create,
)
