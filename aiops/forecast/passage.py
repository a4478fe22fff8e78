"""First passage: from equally likely futures to a probability and a range of times."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
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

    def take(self, rows: IntArray) -> "Passage":
        """Returns some of the rows."""
        return Passage(self.probability[rows], self.early[rows], self.likely[rows], self.late[rows])


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
    steps = np.zeros(paths.shape[:2], dtype=np.int64)
    _run(paths, limits.astype(np.float32), up, np.minimum(horizon, paths.shape[2]), steps)
    ever = steps > 0
    probability = ever.mean(axis=1)
    times = np.full((3, len(paths)), np.nan)
    for row in np.flatnonzero(ever.any(axis=1)):
        times[:, row] = np.quantile(steps[row, ever[row]], RANGE)
    return Passage(probability, times[0], times[1], times[2])


def likely_passage(
    paths: NDArray[np.float32],
    limits: FloatArray,
    up: NDArray[np.bool_],
    horizon: IntArray | None = None,
) -> Passage:
    """Returns first passages with a time even where next to no future meets the limit.

    The probability is Laplace's (never 0 or 1, for futures are a sample). Where too few
    futures pass, the time is told from those that come nearest, at their nearest. A row without
    futures is NaN throughout.

    Args:
        horizon: ``(n,)`` steps that count; all of them when it is not given.
    """
    n, count, steps = paths.shape
    ahead = np.full(n, steps) if horizon is None else horizon
    silent = np.isnan(paths[:, :, 0]).all(axis=1)
    passage = first_passage(paths, limits, up, ahead)
    probability = (passage.probability * count + 0.5) / (count + 1)
    times = np.stack([passage.early, passage.likely, passage.late])
    few = np.flatnonzero(passage.probability * count < _FEW)
    if len(few):
        toward = np.where(up[few, None, None], paths[few], -paths[few])
        # One that meets the limit is nearest when it first does.
        sign = np.where(up[few], 1.0, -1.0).astype(np.float32)
        toward = np.minimum(toward, (sign * limits[few].astype(np.float32))[:, None, None])
        toward[np.broadcast_to(np.arange(steps) >= ahead[few, None, None], toward.shape)] = -np.inf
        nearest = np.argsort(toward.max(axis=2), axis=1)[:, -_FEW:]
        when = np.take_along_axis(toward.argmax(axis=2) + 1.0, nearest, axis=1)
        times[:, few] = np.quantile(when, RANGE, axis=1)
    probability[silent], times[:, silent] = np.nan, np.nan
    return Passage(probability, times[0], times[1], times[2])


def join_times(by_errors: Passage, by_trend: Passage, new: NDArray[np.bool_]) -> Passage:
    """Returns the times of error paths, drawn towards those of trends where the limit is new.

    A value that has been there before comes and goes; one that has not is led there. Each is
    weighed by how likely it holds a crossing to be; one that tells no time leaves the other's.
    """
    led = np.where(np.isfinite(by_trend.early), by_trend.probability, 0.0)
    come = np.where(np.isfinite(by_errors.early), by_errors.probability, 0.0)
    weight = np.where(new | (come == 0), led / np.maximum(led + come, 1e-300), 0.0)

    def between(name: str) -> FloatArray:
        first, second = getattr(by_errors, name), getattr(by_trend, name)
        mixed = (1 - weight) * np.nan_to_num(first) + weight * np.nan_to_num(second)
        return np.where((led + come) > 0, mixed, np.nan)

    return Passage(by_errors.probability, between("early"), between("likely"), between("late"))


def _pass(
    paths: NDArray[np.float32],
    limits: NDArray[np.float32],
    up: NDArray[np.bool_],
    horizon: IntArray,
    steps: IntArray,
) -> None:
    """Writes the first step at which each path is at or beyond its limit, 0 where none is."""
    for row in range(len(paths)):
        limit = limits[row]
        for path in range(paths.shape[1]):
            for ahead in range(horizon[row]):
                value = paths[row, path, ahead]
                if value >= limit if up[row] else value <= limit:
                    steps[row, path] = ahead + 1
                    break


_run = njit(cache=True, nogil=True)(_pass)
