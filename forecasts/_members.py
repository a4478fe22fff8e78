"""Cheap methods over whole fleets: each takes the past ``(n, n_times)`` and gives ``(n, horizon)``.

They are members of the ensemble in ``auto``; none looks beyond the past it is given.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numba import njit

from aiops.domain.series import FloatArray

Member = Callable[[FloatArray, int], FloatArray]
"""``member(past, horizon)``."""

_ALPHAS: Final = (0.05, 0.15, 0.35, 0.7, 1.0)
_SEASONS_KEPT: Final = 8


def repeat_last(past: FloatArray, horizon: int) -> FloatArray:
    """The last value: hard to beat on a random walk."""
    return np.repeat(past[:, -1:], horizon, axis=1)


def repeat_season(past: FloatArray, horizon: int, season: int) -> FloatArray:
    """The value one season ago."""
    place = past.shape[1] - season + np.arange(horizon) % season
    return past[:, place]


def average_seasons(past: FloatArray, horizon: int, season: int, kept: int = 4) -> FloatArray:
    """The mean shape of the last seasons on the level of the last one."""
    kept = min(kept, past.shape[1] // season)
    shape = past[:, past.shape[1] - kept * season :].reshape(len(past), kept, season)
    level = shape.mean(axis=2, keepdims=True)
    mean = (shape - level).mean(axis=1) + level[:, -1]
    return np.asarray(mean[:, np.arange(horizon) % season])


def damp_trend(past: FloatArray, horizon: int, cells: int, damping: float = 0.98) -> FloatArray:
    """A straight line through the last cells, anchored at their end, whose slope fades.

    Source: damped trends (Gardner and McKenzie, 1985).
    """
    cells = min(cells, past.shape[1])
    recent = past[:, -cells:]
    x = np.arange(cells) - (cells - 1) / 2
    slope = (recent * x).sum(axis=1) / max((x * x).sum(), 1e-12)
    end = recent.mean(axis=1) + slope * (cells - 1) / 2
    fade = np.cumsum(damping ** np.arange(1, horizon + 1))
    return np.asarray(end[:, None] + slope[:, None] * fade)


def smooth_theta(past: FloatArray, horizon: int, season: int) -> FloatArray:
    """Exponential smoothing with half the drift, on seasonally adjusted values.

    Source: theta method (Assimakopoulos and Nikolopoulos, 2000; as smoothing with drift,
    Hyndman and Billah, 2003).
    """
    adjusted, profile = _adjust(past, season)
    width = adjusted.shape[1]
    best = np.full(len(past), np.inf)
    level = adjusted[:, -1].copy()
    for alpha in _ALPHAS:
        smooth = _smooth(adjusted, alpha)
        error = np.abs(adjusted[:, 1:] - smooth[:, :-1])[:, -min(width - 1, 200) :].mean(axis=1)
        better = error < best
        best = np.where(better, error, best)
        level = np.where(better, smooth[:, -1], level)
    x = np.arange(width) - (width - 1) / 2
    drift = (adjusted * x).sum(axis=1) / max((x * x).sum(), 1e-12) / 2
    ahead = level[:, None] + drift[:, None] * np.arange(1, horizon + 1)
    if season:
        ahead = ahead + profile[:, (width + np.arange(horizon)) % season]
    return np.asarray(ahead)


def _smooth_rows(rows: FloatArray, alpha: float) -> FloatArray:
    smooth = np.empty_like(rows)
    for i in range(len(rows)):
        level = rows[i, 0]
        for t in range(rows.shape[1]):
            level = alpha * rows[i, t] + (1 - alpha) * level
            smooth[i, t] = level
    return smooth


_smooth = njit(cache=True, nogil=True)(_smooth_rows)
"""Not by scipy.signal: that alone takes as much memory as the rest of the ensemble."""


def _adjust(past: FloatArray, season: int) -> tuple[FloatArray, FloatArray]:
    """Takes the mean shape of the last seasons out; the profile is indexed by cell mod season."""
    width = past.shape[1]
    if not season:
        return past, np.zeros((len(past), 1))
    kept = max(1, min(_SEASONS_KEPT, width // season))
    recent = past[:, width - kept * season :].reshape(len(past), kept, season)
    profile = (recent - recent.mean(axis=2, keepdims=True)).mean(axis=1)
    profile = np.roll(profile, width % season, axis=1)
    return past - profile[:, np.arange(width) % season], profile


def regress_lags(
    past: FloatArray, horizon: int, lags: Sequence[int], kept: int, ridge: float = 1e-3
) -> FloatArray:
    """A linear law of the values at the given lags, fitted to the last cells by ridge.

    Forecasts feed themselves; they are held within six deviations of the recent mean, so that
    an unstable law does no harm.

    Source: autoregression by ridge regression (Hoerl and Kennard, 1970).
    """
    n, width = past.shape
    deepest = max(lags)
    kept = min(kept, width - deepest)
    recent = past[:, -min(width, kept + deepest) :]
    mean = recent.mean(axis=1, keepdims=True)
    spread = recent.std(axis=1, keepdims=True)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = (past - mean) / spread
    at = np.arange(width - kept, width)
    shifted = np.stack([scaled[:, at - lag] for lag in lags], axis=2)
    gram = np.matmul(shifted.transpose(0, 2, 1), shifted)
    gram += ridge * kept * np.eye(len(lags))
    moment = np.einsum("ntl,nt->nl", shifted, scaled[:, at])
    law = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    buffer = np.concatenate([scaled, np.zeros((n, horizon))], axis=1)
    back = np.array(lags)
    for step in range(horizon):
        ahead = (buffer[:, width + step - back] * law).sum(axis=1)
        buffer[:, width + step] = np.clip(ahead, -6.0, 6.0)
    return np.asarray(mean + spread * buffer[:, width:])


def seasonal_lags(seasons: Sequence[int], width: int) -> list[int]:
    """Returns the lags a law of this history may have: the last few and around each season.

    >>> seasonal_lags([24], 700)
    [1, 2, 3, 4, 23, 24, 25, 47, 48, 49, 72, 96]
    """
    lags = {1, 2, 3, 4}
    for season in seasons[:1]:
        lags |= {season - 1, season, season + 1, 2 * season - 1, 2 * season, 2 * season + 1}
        lags |= {3 * season, 4 * season}
    for longer in seasons[1:]:
        lags |= set(range(seasons[0], longer + 1, seasons[0]))
    return sorted(lag for lag in lags if 0 < lag <= width // 3)


def regress_differences(
    past: FloatArray, horizon: int, season: int, lags: Sequence[int], kept: int
) -> FloatArray:
    """The same law on the differences to one season ago: levels may wander."""
    ahead = regress_lags(past[:, season:] - past[:, :-season], horizon, lags, kept)
    buffer = np.concatenate([past[:, -season:], ahead], axis=1)
    for step in range(horizon):
        buffer[:, season + step] += buffer[:, step]
    return buffer[:, season:]


def regress_logarithms(
    past: FloatArray, horizon: int, lags: Sequence[int], kept: int
) -> FloatArray:
    """The same law on logarithms, for rows that are always positive: swings in proportion."""
    positive = (past.min(axis=1) > 0)[:, None]
    law = regress_lags(
        np.where(positive, np.log(np.where(positive, past, 1.0)), past), horizon, lags, kept
    )
    return np.where(positive, np.exp(np.clip(law, -700.0, 700.0)), law)


def follow_likeness(
    past: FloatArray, horizon: int, season: int, length: int, kept: int = 8
) -> FloatArray:
    """What followed the most similar stretches at the same phase, on the present level.

    Source: nearest-neighbour forecasting (Yakowitz, 1987).
    """
    width = past.shape[1]
    ends = np.arange(width - season, length - 1, -season)
    ends = ends[ends + horizon <= width]
    if len(ends) < 2:
        return repeat_season(past, horizon, season)
    before = np.stack([past[:, end - length : end] for end in ends], axis=1)
    after = np.stack([past[:, end : end + horizon] for end in ends], axis=1)
    present = past[:, width - length :]
    level = before.mean(axis=2, keepdims=True)
    now = present.mean(axis=1)[:, None, None]
    distance = ((before - level - (present[:, None] - now)) ** 2).sum(axis=2)
    kept = min(kept, len(ends))
    near = np.argpartition(distance, kept - 1, axis=1)[:, :kept]
    close = np.take_along_axis(distance, near, axis=1)
    weight = 1.0 / (close + 0.1 * close.mean(axis=1, keepdims=True) + 1e-12)
    weight /= weight.sum(axis=1, keepdims=True)
    followed = np.take_along_axis(after - level, near[:, :, None], axis=1)
    return np.asarray((weight[:, :, None] * followed).sum(axis=1) + now[:, 0])
