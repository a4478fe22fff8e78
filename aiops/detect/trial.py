"""One asset's recording through the detect stage, as `aiops try detect` does."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.detect import joint
from aiops.detect.stage import DetectStage
from aiops.domain.calendar import build_calendar
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.step import MINUTE

PIECE: Final = 4096
"""Cells that go through the stage at once: bounds memory, changes no score."""


@dataclass(frozen=True, slots=True)
class Trial:
    """``(n_times,)`` score, alert and flag of the asset and ``(n_metrics, n_times)`` scores."""

    score: FloatArray
    alert: FloatArray
    is_anomaly: NDArray[np.uint8]
    score_by_metric: FloatArray


def median_step(times: IntArray, plain: bool) -> int:
    """Returns the usual distance of two rows in ns; a plain step counts as a minute."""
    if plain:
        return MINUTE
    apart = np.diff(times)
    apart = apart[apart > 0]
    return int(np.median(apart)) if len(apart) else MINUTE


def run_trial(
    stage: DetectStage,
    values: FloatArray,
    times: IntArray,
    plain: bool,
    step_ns: int,
    train: int = 0,
) -> Trial:
    """Scores rows in the order given, each by the rows up to it.

    Args:
        values: ``(n_metrics, n_times)``; NaN is missing.
        times: ns since the epoch, or plain steps.
        step_ns: Width of a cell, for the budget: alarms are allowed per week.
        train: Rows that come before those to be judged and are left out of the answer.
    """
    metrics, width = values.shape
    series, asset = stage.start(metrics), joint.start(1, metrics)
    budget = np.array([stage.budget])
    places = np.arange(metrics, dtype=np.int64)[None, :]
    parts = []
    edges = [*range(0, train, PIECE), *range(train, width, PIECE), width]
    for at, end in pairwise(edges):
        if at == train and train:
            asset = joint.freeze(asset)
        cut = slice(at, end)
        calendar = None if plain else build_calendar(times[cut], ["UTC"] * metrics)
        panel = Panel.of(
            values[:, cut],
            times[cut],
            timedelta(microseconds=max(step_ns // 1000, 1)),
            calendar=calendar,
            ordinal=True,
            groups=np.zeros(metrics, np.int64),
        )
        series, found = stage.score(series, panel)
        if metrics == 1:
            answer = Trial(found.score[0], found.alert[0], found.is_anomaly[0], found.score)
        else:
            asset, all_of_it = joint.update(asset, panel, found.contribution, places, budget)
            answer = Trial(
                all_of_it.score[0],
                all_of_it.alert[0],
                all_of_it.is_anomaly[0],
                all_of_it.score_by_metric,
            )
        if at >= train:
            parts.append(answer)
    if not parts:
        empty = np.empty(0)
        return Trial(empty, empty, np.empty(0, np.uint8), np.empty((metrics, 0)))
    return Trial(
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.alert for part in parts]),
        np.concatenate([part.is_anomaly for part in parts]),
        np.concatenate([part.score_by_metric for part in parts], axis=1),
    )
