"""A detector that fits models: rows due for a costly fit go to the executor, the rest stays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.detector import Costly, Detector, DetectorScope
from aiops.contracts.executor import Ending, Executor, ShardError
from aiops.detect.stage import create_detector
from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State

_WORTH_SPREADING: Final = 2000.0
"""CPU milliseconds: starting a process and loading a method's library takes about as long."""
_A_TASK: Final = 500.0
"""CPU milliseconds of one task: far more than sending it, far less than the deadline."""

Answer = tuple[State, Scores]
_Task = tuple[State, Panel]


@dataclass(frozen=True, slots=True)
class Spread:
    """Scores a fleet as the detector inside does, its fits in other processes.

    Rows whose worker died or was late keep the state they had: their cells abstain with the
    reason and are a gap to them.

    Attributes:
        name, settings: With them a worker builds its own detector.
        deadline: Of the fits of one call.
    """

    detector: Detector
    executor: Executor
    name: str
    settings: Any
    deadline: timedelta
    scope: DetectorScope = DetectorScope.SERIES

    @property
    def version(self) -> str:
        """Of the detector inside."""
        return self.detector.version

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        return self.detector.start(n_units)

    def update(self, state: State, panel: Panel) -> Answer:
        """Scores the new cells and returns the state after them."""
        if not isinstance(self.detector, Costly):
            return self.detector.update(state, panel)
        cost = self.detector.cost(state, panel)
        if cost.sum() <= _WORTH_SPREADING:
            return self.detector.update(state, panel)
        groups = _tasks(cost)
        tasks = [(state.take(rows), panel.take(rows)) for rows in groups]
        there = self._there(tasks)
        cheap = np.flatnonzero(cost == 0)
        here = self.detector.update(state.take(cheap), panel.take(cheap))
        answers = [
            _unanswered(*task, answer) if isinstance(answer, ShardError) else answer
            for task, answer in zip(tasks, there, strict=True)
        ]
        return _joined([cheap, *groups], [here, *answers])

    def _there(self, tasks: Sequence[_Task]) -> "Iterator[Answer | ShardError]":
        return self.executor.map(
            partial(update_there, self.name, self.settings), tasks, self.deadline
        )


def update_there(name: str, settings: Any, task: _Task) -> Answer:
    """Does the detector's work on some rows, in a worker that knows it by name."""
    key = (name, repr(settings))
    if key not in _DETECTORS:
        _DETECTORS[key] = create_detector(name, settings)
    state, panel = task
    return _DETECTORS[key].update(state, panel)


_DETECTORS: Final[dict[tuple[str, str], Detector]] = {}
"""What this worker has built already: a library is loaded once."""


def _tasks(cost: FloatArray) -> list[IntArray]:
    """Returns the rows that cost something, in groups of about one task's cost."""
    rows = np.flatnonzero(cost > 0)
    number = (np.cumsum(cost[rows]) - cost[rows]) // _A_TASK
    return np.split(rows, np.flatnonzero(np.diff(number)) + 1)


def _unanswered(state: State, panel: Panel, error: ShardError) -> Answer:
    late = error.ending is Ending.LATE
    why = Abstention.OUT_OF_TIME if late else Abstention.QUARANTINED
    nothing = np.full(panel.values.shape, np.nan)
    return state, Scores(nothing, nothing, np.full(panel.values.shape, why, np.uint8), nothing)


def _joined(groups: Sequence[IntArray], answers: Sequence[Answer]) -> Answer:
    """Returns the answers in the order of the rows they were given for."""
    back = np.argsort(np.concatenate(groups), kind="stable").astype(np.int64)
    state = State.join([after for after, _ in answers]).take(back)

    def stacked(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(scores, name) for _, scores in answers])[back]

    expects = all(scores.expected is not None for _, scores in answers)
    return state, Scores(
        stacked("score"),
        stacked("contribution"),
        stacked("reason"),
        stacked("expected") if expects else None,
    )
