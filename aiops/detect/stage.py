"""The detect stage: score → calibrate → decide → de-duplicate, for a fleet at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self, cast

import numpy as np
from numpy.typing import NDArray

from aiops import plugins
from aiops.contracts.detector import Detector, DetectorScope, Heeds
from aiops.contracts.errors import PluginError
from aiops.detect import calibrate, decide, first_days, linger, silence
from aiops.detect.decide import Event
from aiops.detect.peers import Compared
from aiops.detect.settings import DetectSettings
from aiops.detect.terms import Terms
from aiops.detect.verdicts import Verdicts
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State

VERSION: Final = "stage-6"
_LARGEST: Final = 1e150
_PARTS: Final = ("silence", "first_days", "detector", "strength", "linger", "score", "decide")


@dataclass(frozen=True, slots=True)
class StageScores:
    """What the stage says of each cell.

    Attributes:
        score: ``(n, n_times)`` continuous −log10 tail probability, NaN where it abstains.
        contribution: Of each series, as the detector gave it.
        tail: The same of each cell alone, without the event it stands in.
        strength: How rare an alert each cell would be, see :func:`calibrate.strengths`.
        alert: Strength of an event where it opens or grows worse, else 0.
        is_anomaly: 1 while an event is open at the budget.
        reason: :class:`aiops.domain.abstention.Abstention`.
        events: Opened, going on, or ended in these cells.
    """

    score: NDArray[np.float64]
    contribution: NDArray[np.float64]
    tail: NDArray[np.float64]
    strength: NDArray[np.float64]
    alert: NDArray[np.float64]
    is_anomaly: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    expected: NDArray[np.float64]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class DetectStage:
    """Any detector of series, calibrated and turned into events.

    Attributes:
        budget: False alarms allowed per series and week.
        minimum_effect: Deviations below this part of the typical value open nothing.
    """

    detector: Detector
    budget: float = 0.1
    minimum_effect: float = 0.0

    @classmethod
    def of(cls, settings: DetectSettings) -> Self:
        """Builds the stage with the detector that the settings name.

        Raises:
            PluginError: There is no such detector, or it does not score single series.
        """
        detector = create_detector(settings.detector, settings.settings)
        return cls(detector, settings.budget, settings.minimum_effect)

    @property
    def compares(self) -> bool:
        """Whether panels must say which series are siblings."""
        return isinstance(self.detector, Compared)

    @property
    def version(self) -> str:
        """Of the detector and of the stage: another one starts anew."""
        return f"{self.detector.version}+{VERSION}"

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        return self._join(
            {
                "silence": silence.start(n_units),
                "first_days": first_days.start(n_units),
                "detector": self.detector.start(n_units),
                "strength": calibrate.start(n_units),
                "linger": linger.start(n_units),
                "score": calibrate.start(n_units),
                "decide": decide.start(n_units),
            }
        )

    def score(
        self, state: State, panel: Panel, terms: Terms | None = None
    ) -> tuple[State, StageScores]:
        """Scores the new cells and decides on them, by the terms of each row where they differ."""
        terms = terms or Terms.same(len(panel.series), self.budget, self.minimum_effect)
        parts = {name: self.part(state, name) for name in _PARTS}
        panel = replace(panel, values=_tamed(panel.values))
        silent = None
        if terms.missing.any():
            parts["silence"], panel, silent, last = silence.update(
                parts["silence"], panel, terms.missing
            )
        parts["detector"], raw = self.detector.update(parts["detector"], panel)
        expected = panel.values if raw.expected is None else raw.expected
        parts["strength"], tail = calibrate.update(parts["strength"], raw.score)
        strength = calibrate.strengths(raw.score, tail)
        parts["first_days"], strength = first_days.update(parts["first_days"], panel, strength)
        if terms.minimum_effect.any():
            strength[terms.too_small(panel.values, expected)] = 0.0
        if terms.bad.any():
            strength[terms.harmless(panel.values, expected)] = 0.0
        parts["linger"], lasting = linger.update(parts["linger"], raw.score)
        parts["score"], score = calibrate.update(parts["score"], lasting)
        if silent is not None:
            there = np.isfinite(silent)
            strength, score = np.where(there, silent, strength), np.where(there, silent, score)
            expected = np.where(there, last, expected)
        parts["decide"], decision = decide.update(
            parts["decide"],
            strength,
            score,
            panel.values,
            expected,
            panel.times,
            decide.thresholds(terms.budget, panel.step_ns),
            decide.block_cells(max(panel.step_ns, 1)),
        )
        found = StageScores(
            score, raw.contribution, tail, strength, decision.alert, decision.is_anomaly,
            raw.reason, expected, decision.events,
        )  # fmt: skip
        return self._join(parts), found

    def update(
        self, state: State, panel: Panel, terms: Terms | None = None
    ) -> tuple[State, tuple[Event, ...]]:
        """Returns the state after the panel and the events that opened, went on or ended."""
        state, found = self.score(state, panel, terms)
        return state, found.events

    def restart(self, state: State, rows: IntArray, at: int) -> tuple[State, tuple[Event, ...]]:
        """Returns the state with the rows as new ones; their open events end at ``at`` (ns)."""
        ended = decide.ended(self.part(state, "decide"), rows, at)
        fresh = self.start(len(rows)).arrays
        arrays = {name: array.copy() for name, array in state.arrays.items()}
        for name, array in arrays.items():
            array[rows] = fresh[name]
        return State(state.version, arrays), ended

    @property
    def heeds(self) -> bool:
        """Whether verdicts of people count for the detector."""
        return isinstance(self.detector, Heeds)

    def heed(self, state: State, verdicts: Verdicts) -> State:
        """Returns the state after what people said of events."""
        if not isinstance(self.detector, Heeds):
            return state
        inside = self.part(state, "detector")
        after = self.detector.heed(inside, verdicts.rows, verdicts.starts, verdicts.right)
        return State(state.version, {**state.arrays, **self._join({"detector": after}).arrays})

    def _join(self, parts: Mapping[str, State]) -> State:
        return State(
            self.version,
            {
                f"{part}.{name}": array
                for part, state in parts.items()
                for name, array in state.arrays.items()
            },
        )

    def part(self, state: State, part: str) -> State:
        """Returns the state of one of the parts the stage is made of."""
        prefix = f"{part}."
        arrays = {
            name.removeprefix(prefix): array
            for name, array in state.arrays.items()
            if name.startswith(prefix)
        }
        return State(self.detector.version if part == "detector" else VERSION, arrays)


def _tamed(values: FloatArray) -> FloatArray:
    """Returns values whose ratios and squares stay finite: no measured thing is outside."""
    tame = np.clip(np.where(np.isfinite(values), values, np.nan), -_LARGEST, _LARGEST)
    tame[np.abs(tame) < 1 / _LARGEST] = 0.0
    return tame


def create_detector(name: str, settings: Any) -> Detector:
    """Returns the named detector.

    Args:
        settings: A mapping, or the frozen settings that a configuration was read into.

    Raises:
        PluginError: There is none of that name, a setting is unknown, or it does not score
            single series, alone or among siblings.
    """
    kind = plugins.load("detectors", name).settings
    try:
        chosen = kind(**settings) if isinstance(settings, Mapping) else settings
    except TypeError as error:
        raise PluginError(f"detectors: {name}: {error}; see `aiops plugins`") from error
    detector = cast("Detector", plugins.create("detectors", name, chosen))
    if detector.scope is DetectorScope.PEERS:
        return cast("Detector", Compared(detector))
    if detector.scope is not DetectorScope.SERIES:
        raise PluginError(f"detectors: {name} does not score single series; choose another")
    return detector
