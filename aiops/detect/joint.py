"""One asset's metrics judged together: fused tails of its series, calibrated anew."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.detect import calibrate, decide
from aiops.detect.stage import DetectStage
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray

VERSION: Final = "joint-1"


@dataclass(frozen=True, slots=True)
class JointScores:
    """``(n_times,)`` of the asset, ``(n_series, n_times)`` of its metrics."""

    score: FloatArray
    alert: FloatArray
    is_anomaly: NDArray[np.uint8]
    score_by_metric: FloatArray


@dataclass(frozen=True, slots=True)
class JointStage:
    """The detect stage for the metrics of one asset; a single metric is judged alone."""

    stage: DetectStage

    def start(self, n_series: int) -> dict[str, Any]:
        """Returns the states of an asset that has shown nothing."""
        return {
            "series": self.stage.start(n_series),
            "strength": calibrate.start(1),
            "score": calibrate.start(1),
            "decide": decide.start(1),
        }

    def score(self, state: dict[str, Any], panel: Panel) -> tuple[dict[str, Any], JointScores]:
        """Scores the new cells of one asset."""
        series, found = self.stage.score(state["series"], panel)
        state = {**state, "series": series}
        if len(panel.series) == 1:
            return state, JointScores(
                found.score[0], found.alert[0], found.is_anomaly[0], found.score
            )
        fused = _mean(found.tail)
        state["strength"], tail = calibrate.update(state["strength"], fused)
        strength = calibrate.strengths(fused, tail)
        state["score"], score = calibrate.update(state["score"], _mean(found.score))
        state["decide"], decision = decide.update(
            state["decide"], strength, score, fused, fused, panel.times,
            decide.threshold(self.stage.budget, max(panel.step_ns, 1)),
        )  # fmt: skip
        return state, JointScores(score[0], decision.alert[0], decision.is_anomaly[0], found.score)


def _mean(scores: FloatArray) -> FloatArray:
    """Returns ``(1, n_times)`` means over the metrics that answer, NaN where none does."""
    answers = np.isfinite(scores)
    total = np.where(answers, scores, 0.0).sum(axis=0)
    count = answers.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)[None, :]
