"""One asset's metrics judged together.

Two things are fused: the strangest quarter of the metrics, each by its own past, and how far
all of them have left the ways they moved together (:mod:`aiops.detect.reference`). Metrics
of one asset depend on one another, so the sum is calibrated anew by its own past instead of
being read as a sum of independent tails.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.detect import calibrate, decide, linger, reference
from aiops.detect.stage import DetectStage
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.domain.state import State

VERSION: Final = "joint-1"
PART: Final = 0.25
"""Part of the metrics that speak for the asset: a fault seldom shows in all of them."""
HALF_LIFE: Final = 15
"""Cells until half of an asset's evidence is forgotten; many metrics renew it."""
ENOUGH: Final = 750
"""Cells of a training recording from which its scores alone are the past later ones are
judged by: a fault that lasts does not become the norm."""
LEAST: Final = 0.5
"""Least scale of the tail: a mean over metrics moves less than one of them."""


@dataclass(frozen=True, slots=True)
class JointState:
    """States of the metrics (a unit each) and of their asset (parts, one unit each).

    Attributes:
        settled: Whether the past is closed, see :meth:`JointStage.freeze`.
    """

    series: State
    reference: State
    tail: State
    linger: State
    score: State
    decide: State
    settled: bool = False


@dataclass(frozen=True, slots=True)
class JointScores:
    """``(n_times,)`` of the asset; ``(n_series, n_times)`` of its metrics, guilty ones higher."""

    score: FloatArray
    alert: FloatArray
    is_anomaly: NDArray[np.uint8]
    score_by_metric: FloatArray


@dataclass(frozen=True, slots=True)
class JointStage:
    """The detect stage for the metrics of one asset; a single metric is judged alone."""

    stage: DetectStage

    def start(self, n_series: int) -> JointState:
        """Returns the state of an asset that has shown nothing."""
        return JointState(
            self.stage.start(n_series),
            reference.start(n_series),
            calibrate.start(1),
            linger.start(1),
            calibrate.start(1),
            decide.start(1),
        )

    def score(self, state: JointState, panel: Panel) -> tuple[JointState, JointScores]:
        """Scores the new cells of one asset."""
        series, found = self.stage.score(state.series, panel)
        if len(panel.series) == 1:
            return replace(state, series=series), JointScores(
                found.score[0], found.alert[0], found.is_anomaly[0], found.score
            )
        values = np.where(panel.usable, panel.values, np.nan)
        known, energy, deviations = reference.update(state.reference, values)
        learns = not state.settled
        apart = np.log1p(np.nan_to_num(energy))
        strange = _strangest(found.contribution)[None, :]
        tail_state, tail = calibrate.update(state.tail, strange + apart, LEAST, learns)
        linger_state, lasting = linger.update(state.linger, strange, HALF_LIFE)
        score_state, score = calibrate.update(state.score, lasting + apart, LEAST, learns)
        decide_state, decision = decide.update(
            state.decide, tail, score, strange, strange, panel.times,
            decide.threshold(self.stage.budget, max(panel.step_ns, 1)),
            decide.block_cells(max(panel.step_ns, 1)),
        )  # fmt: skip
        after = JointState(
            series, known, tail_state, linger_state, score_state, decide_state, state.settled
        )
        guilt = np.where(np.isnan(found.contribution), np.nan, found.contribution + deviations)
        return after, JointScores(score[0], decision.alert[0], decision.is_anomaly[0], guilt)

    def freeze(self, state: JointState) -> JointState:
        """Returns the state with what the asset did so far as its reference."""
        kept = reference.freeze(state.reference)
        settled = bool(kept.arrays["frozen"][0]) and int(kept.arrays["cells"][0]) >= ENOUGH
        return replace(state, reference=kept, settled=settled)


def _strangest(raw: FloatArray) -> FloatArray:
    """Returns the mean of the strangest quarter of the metrics that answer, NaN if none does.

    >>> _strangest(np.array([[1.0, np.nan], [3.0, np.nan], [0.0, np.nan], [2.0, np.nan]]))
    array([ 3., nan])
    """
    answers = np.isfinite(raw)
    ordered = -np.sort(-np.where(answers, raw, 0.0), axis=0)
    count = answers.sum(axis=0)
    taken = np.ceil(count * PART).astype(np.int64)
    sums = np.cumsum(ordered, axis=0)
    picked = sums[np.maximum(taken - 1, 0), np.arange(raw.shape[1])]
    return np.where(count > 0, picked / np.maximum(taken, 1), np.nan)
