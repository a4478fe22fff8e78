"""Chooses a method for each series by what it would have seen in the series' own past.

Five streaming methods run side by side. From time to time anomalies of eight kinds are put into
the second half of a series' last 1,024 cells; a method's recall is the share that outscores
everything it makes of that half as it really was: no false alarm out of sample. The default stays
unless another one is clearly better. No labels are needed; the same past gives the same choice.

Where people have said of a series' alerts whether they were right, that counts for or against the
method that raised them, and the choice is made anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.contracts.detector import Detector, DetectorScope
from aiops.contracts.plugin import NoSettings, Plugin
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Calendar, Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State
from detectors import cusum, ewma, holt_winters, kmeans, novelty, spot
from detectors._injected import inject
from detectors._streaming import DAY_PARTS_SECONDS, LARGEST, day_parts

VERSION: Final = "auto-2"
PAST: Final = 1024
"""Cells that a choice looks at; the first is made within as many again, then at every doubling."""
BETTER: Final = 0.25
"""Recall by which another method must beat the default."""
_MODULES: Final = (novelty, spot, holt_winters, kmeans, cusum, ewma)
"""The default first."""
VERDICTS: Final = 0.5
"""Recall that many verdicts of one kind are worth; the first one is worth a third of it."""
_DOUBTS: Final = 2.0
"""One verdict of each kind is thought to stand already (Laplace's rule of succession)."""
_OWN: Final = ("seen", "choice", "past", "part", "former", "since", "told", "again")


@dataclass(frozen=True, slots=True)
class Auto:
    """Scores a fleet; one unit is one series.

    Attributes:
        candidates: Name to detector, the default first.
    """

    candidates: Mapping[str, Detector]
    scope: DetectorScope = field(default=DetectorScope.SERIES)
    version: str = VERSION

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        arrays: dict[str, NDArray[Any]] = {
            "seen": np.zeros(n_units, np.int64),
            "choice": np.zeros(n_units, np.uint8),
            "past": np.zeros((n_units, PAST)),
            "part": np.full((n_units, PAST), -1, np.int16),
            "former": np.zeros(n_units, np.uint8),
            "since": np.full(n_units, np.iinfo(np.int64).min, np.int64),
            "told": np.zeros((n_units, len(self.candidates), 2), np.float32),
            "again": np.zeros(n_units, np.uint8),
        }
        for name, detector in self.candidates.items():
            for key, array in detector.start(n_units).arrays.items():
                arrays[f"{name}.{key}"] = array
        return State(self.version, arrays)

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells and returns the state after them."""
        own = {name: state.arrays[name].copy() for name in _OWN}
        found, arrays = [], {}
        for name, detector in self.candidates.items():
            after, scores = detector.update(self._part(state, name), panel)
            found.append(scores)
            arrays.update({f"{name}.{key}": array for key, array in after.arrays.items()})
        choice = self._choices(own, panel)
        rows, cells = np.ogrid[: choice.shape[0], : choice.shape[1]]

        def chosen(name: str) -> NDArray[Any]:
            stacked: NDArray[Any] = np.stack([getattr(scores, name) for scores in found])
            return np.asarray(stacked[choice, rows, cells])

        score = chosen("score")
        scores = Scores(score, score, chosen("reason"), chosen("expected"))
        return State(self.version, {**own, **arrays}), scores

    def heed(
        self, state: State, rows: IntArray, starts: IntArray, right: NDArray[np.bool_]
    ) -> State:
        """Counts verdicts for or against the method whose events they judge."""
        told, again = state.arrays["told"].copy(), state.arrays["again"].copy()
        now = starts >= state.arrays["since"][rows]
        method = np.where(now, state.arrays["choice"][rows], state.arrays["former"][rows])
        np.add.at(told, (rows, method, np.where(right, 0, 1)), 1.0)
        again[rows] = 1
        return State(self.version, {**state.arrays, "told": told, "again": again})

    def _part(self, state: State, name: str) -> State:
        prefix = f"{name}."
        arrays = {
            key.removeprefix(prefix): array
            for key, array in state.arrays.items()
            if key.startswith(prefix)
        }
        return State(self.candidates[name].version, arrays)

    def _choices(self, own: dict[str, NDArray[Any]], panel: Panel) -> NDArray[np.uint8]:
        """Returns the method of each cell; a choice counts from the cell after it is made."""
        good = panel.usable & (np.abs(panel.values) < LARGEST)
        part = day_parts(panel)
        count = own["seen"][:, None] + np.cumsum(good, axis=1)
        # Series of one age choose one after the other, so that no minute is crowded.
        moment = PAST + panel.series % PAST
        due = good & (count >= moment[:, None]) & _is_power_of_two(count // moment[:, None])
        due &= count % moment[:, None] == 0
        asked = good & (count >= PAST) & (own["again"] > 0)[:, None]
        due |= asked & (np.cumsum(asked, axis=1) == 1)
        choice = np.empty(good.shape, np.uint8)
        edges = (np.flatnonzero(due.any(axis=0)) + 1).tolist()
        for at, end in pairwise([0, *edges, good.shape[1]]):
            cut = slice(at, end)
            choice[:, cut] = own["choice"][:, None]
            _remember(
                panel.values[:, cut], good[:, cut], part[:, cut],
                own["seen"], own["past"], own["part"],
            )  # fmt: skip
            for row in np.flatnonzero(due[:, end - 1]) if end > at else ():
                newest = int(own["seen"][row]) % PAST
                chosen = self.choose(
                    np.roll(own["past"][row], -newest),
                    np.roll(own["part"][row], -newest),
                    panel.step,
                    own["told"][row],
                )
                own["again"][row] = 0
                if chosen != own["choice"][row]:
                    own["former"][row], own["choice"][row] = own["choice"][row], chosen
                    own["since"][row] = panel.times[end - 1] + 1
        return choice

    def choose(
        self,
        past: FloatArray,
        part: NDArray[np.int16],
        step: timedelta,
        told: NDArray[np.float32],
    ) -> int:
        """Returns the number of the method that sees most in this past.

        Args:
            told: ``(n_methods, 2)`` events of each that people said were right, and were none.
        """
        half = len(past) // 2
        copies, windows = inject(past, half)
        panel = _panel(np.concatenate([past[None, :], copies]), part, step)
        recalls = []
        for detector in self.candidates.values():
            _, scores = detector.update(detector.start(len(panel.series)), panel)
            score = np.nan_to_num(scores.score)
            bar = score[0, half:].max()
            tops = [
                score[1 + kind, first : last + 1].max()
                for kind, pair in enumerate(windows)
                for first, last in pair
            ]
            recalls.append(float(np.mean(np.array(tops) > bar)))
        right, wrong = told.T
        worth = np.array(recalls) + VERDICTS * (right - wrong) / (right + wrong + _DOUBTS)
        best = int(np.argmax(worth))
        return best if worth[best] >= worth[0] + BETTER else 0


def _panel(values: FloatArray, part: NDArray[np.int16], step: timedelta) -> Panel:
    panel = Panel.of(values, np.arange(values.shape[1], dtype=np.int64), step)
    if (part < 0).any():
        return panel
    phase = part.astype(np.int32)[None, :] * DAY_PARTS_SECONDS
    none = np.zeros(phase.shape, bool)
    return replace(
        panel, calendar=Calendar(np.zeros(len(values), np.int64), phase, phase, none)
    )  # fmt: skip


def _is_power_of_two(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((numbers > 0) & ((numbers & (numbers - 1)) == 0))


def _push(values: Any, good: Any, part: Any, seen: Any, past: Any, parts: Any) -> None:
    for row in range(values.shape[0]):
        for t in range(values.shape[1]):
            if good[row, t]:
                past[row, seen[row] % PAST] = values[row, t]
                parts[row, seen[row] % PAST] = part[row, t]
                seen[row] += 1


_remember = njit(cache=True, nogil=True)(_push)


def _create(settings: NoSettings) -> Auto:
    del settings
    return Auto(
        {
            module.__name__.rpartition(".")[2]: module.PLUGIN.create(module.PLUGIN.settings())
            for module in _MODULES
        }
    )


PLUGIN: Final = Plugin(
    summary="The method, of six, that would have seen most in the series' own past.",
    settings=NoSettings,
    create=_create,
)
