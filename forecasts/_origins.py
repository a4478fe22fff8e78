"""Origins in the past to forecast from, and the errors that were made there."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from aiops.domain.series import FloatArray


def past_origins(width: int, horizon: int, most: int, seasons: Sequence[int]) -> list[int]:
    """Returns positions in the past to forecast from, the newest first.

    The newest still has its whole future; the oldest has seen two of the shortest season and
    one and a half of the longest.
    """
    least = max(8, 2 * min(seasons, default=4) + 1, 3 * max(seasons, default=4) // 2 + 1)
    stride = max(1, horizon // 2)
    if seasons and horizon >= seasons[0]:
        stride = max(seasons[0], stride // seasons[0] * seasons[0])
    newest = width - horizon
    if newest < least:
        newest, stride = width - max(1, (width - least) // 3), 1
    return [o for o in range(newest, least - 1, -stride) if o < width][:most]


def future_of(past: FloatArray, origin: int, horizon: int) -> FloatArray:
    """Returns what came after an origin, NaN where it has not come yet."""
    after = past[:, origin : origin + horizon]
    lack = horizon - after.shape[1]
    return np.pad(after, ((0, 0), (0, lack)), constant_values=np.nan) if lack else after


def fill_errors(errors: FloatArray) -> FloatArray:
    """Extends error paths that end early by growing their last error with the root of time."""
    known = np.isfinite(errors)
    if known.all():
        return errors
    count = np.maximum(known.sum(axis=2), 1)
    last = np.take_along_axis(errors, count[:, :, None] - 1, axis=2)
    steps = np.arange(1, errors.shape[2] + 1)
    grown = last * np.sqrt(steps / count[:, :, None])
    return np.where(known, errors, grown)


def guess_errors(past: FloatArray, horizon: int, count: int) -> FloatArray:
    """Returns errors as of a random walk that keeps within the spread seen so far.

    They stand in where the history is too short to have made enough errors on it.
    """
    change = np.diff(past, axis=1)
    step = np.abs(past[:, 0])  # One value tells nothing of how it moves.
    if change.size:
        step = change.std(axis=1) + np.abs(change.mean(axis=1))
    widest = np.maximum(past.std(axis=1), step)
    size = np.minimum(step[:, None] * np.sqrt(np.arange(1, horizon + 1)), widest[:, None])
    place = (np.arange(count) + 0.5) / count
    spread = np.array([NormalDist().inv_cdf(float(p)) for p in place])
    return np.asarray(spread[None, :, None] * size[:, None, :])
