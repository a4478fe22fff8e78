"""First passage: from equally likely futures to a probability and a range of times."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray

_FEW: Final = 10
"""Fewer passing futures than this give no quantiles of their time."""

RANGE: Final = (0.1, 0.5, 0.9)
"""Early, likely, late."""


@dataclass(frozen=True, slots=True)
class Passage:
    """When limits are first met.

    Attributes:
        probability: ``(n,)`` share of the futures that meet the limit within the horizon.
        early, likely, late: ``(n,)`` steps ahead (1 = the first step), given that it is met;
            NaN where no future meets it.
    """

    probability: FloatArray
    early: FloatArray
    likely: FloatArray
    late: FloatArray


def first_passage(
    paths: NDArray[np.float32], limits: FloatArray, up: NDArray[np.bool_], horizon: IntArray
) -> Passage:
    """Returns when each row's futures first meet its limit.

    Args:
        paths: ``(n, n_paths, n_steps)``.
        limits: ``(n,)``; met when at or beyond it.
        up: ``(n,)`` whether from below.
        horizon: ``(n,)`` steps that count.

    >>> climb = np.arange(1, 6, dtype=np.float32)[None, None, :]
    >>> first_passage(climb, np.array([3.0]), np.array([True]), np.array([5])).likely
    array([3.])
    """
    limit = limits.astype(np.float32)[:, None, None]
    counts = np.arange(paths.shape[2]) < horizon[:, None, None]
    beyond = np.where(up[:, None, None], paths >= limit, paths <= limit)
    met: NDArray[np.bool_] = np.asarray(beyond & counts, dtype=bool)
    ever: NDArray[np.bool_] = np.asarray(met.any(axis=2))
    step = met.argmax(axis=2) + 1.0
    probability = ever.mean(axis=1)
    times = np.full((3, len(paths)), np.nan)
    for row in np.flatnonzero(ever.any(axis=1)):
        times[:, row] = np.quantile(step[row, ever[row]], RANGE)
    return Passage(probability, times[0], times[1], times[2])


def likely_passage(
    paths: NDArray[np.float32], limits: FloatArray, up: NDArray[np.bool_]
) -> Passage:
    """Returns first passages with a time even where next to no future meets the limit.

    The probability is Laplace's (never 0 or 1, for futures are a sample). Where too few
    futures pass, the time is told from those that come nearest, at their nearest.
    """
    n, count, steps = paths.shape
    passage = first_passage(paths, limits, up, np.full(n, steps))
    probability = (passage.probability * count + 0.5) / (count + 1)
    times = np.stack([passage.early, passage.likely, passage.late])
    few = np.flatnonzero(passage.probability * count < _FEW)
    if len(few):
        toward = np.where(up[few, None, None], paths[few], -paths[few])
        nearest = np.argsort(toward.max(axis=2), axis=1)[:, -_FEW:]
        when = np.take_along_axis(toward.argmax(axis=2) + 1.0, nearest, axis=1)
        times[:, few] = np.quantile(when, RANGE, axis=1)
    return Passage(probability, times[0], times[1], times[2])
