"""The margin that is left, measured in what the series itself has done before.

Each number is free of unit and step: a margin over past rises, a share of past moments, a pace
times the horizon. A classifier of whole fleets needs nothing else to tell P(limit is met).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from aiops.domain.series import FloatArray, IntArray

SPANS: Final = (0.5, 1.0, 2.0, 4.0)
"""Lines are laid through the last so many horizons, and through the whole history."""

_DAYS: Final = 7
"""So many days are looked back at the same hour."""

_MOST: Final = 50.0
"""Ratios beyond this say no more than this."""

NAMES: Final = (
    "rise_share", "rise_share_late", "rise_share_hour", "rise_moments", "hour_moments",
    "level_share", "level_share_late", "level_share_hour",
    "over_rise_50", "over_rise_90", "over_rise_99", "over_rise_100", "rise_tail",
    "since_over", "share_over", "excursions",
    "day_before", "week_before", "hour_max", "hour_mean", "hour_min", "hour_rise", "hour_rise_max",
    "margin_level", "margin_step", "margin_rise", "over_record", "over_recent",
    "smoothness", "wander", "reverting", "memory", "repeats",
    "last_step", "last_horizon", "age", "day", "acceleration", "steepness",
    *(f"{name}_{span}" for span in (*SPANS, "all") for name in ("ahead", "until", "fit")),
)  # fmt: skip


def describe_margins(
    values: FloatArray, start: IntArray, margin: FloatArray, horizon: int, day: int = 0
) -> FloatArray:
    """Returns ``(n, len(NAMES))`` float32, NaN where a history cannot tell.

    Args:
        values: ``(n, n_times)`` NaN where nothing is known, turned so that the limit is met from
            below, less the last value that is known.
        start: ``(n,)`` position of the first sample.
        margin: ``(n,)`` limit less last value.
        horizon: Cells ahead.
        day: Cells of a day, 0 where the step tells none.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        told = _describe(values, start, margin, max(horizon, 1), day)
        return np.stack([told[name] for name in NAMES], axis=1).astype(np.float32)


def _describe(
    x: FloatArray, start: IntArray, margin: FloatArray, horizon: int, day: int
) -> dict[str, FloatArray]:
    """The values are relative to the last one, so the limit lies at ``margin``."""
    n, width = x.shape
    cells = np.arange(width)
    real = (cells >= start[:, None]) & np.isfinite(x)
    age = (width - start).astype(np.float64)
    x = np.where(real, x, np.nan)
    step = _deviation(np.diff(x, axis=1))
    spread = _deviation(x)
    scale = np.where(spread > 0, spread, 1.0)
    told = _lines(x, start, margin, horizon, scale)
    moves = x[:, horizon:] - x[:, :-horizon] if width > horizon else np.full((n, 1), np.nan)
    move = np.sqrt(_mean(moves**2, np.isfinite(moves)))
    unit = np.where(np.isfinite(move) & (move > 0), move, step * np.sqrt(horizon))
    unit = np.where(unit > 0, unit, scale)
    told |= _rises(x, margin, horizon, day, unit)
    over = x >= margin[:, None]
    since = np.where(over.any(axis=1), over[:, ::-1].argmax(axis=1), age)
    entered = (over[:, 1:] & ~over[:, :-1]).sum(axis=1)
    recent = min(horizon, width)
    mean = _mean(x, real)
    memory = _correlation(x, horizon)
    expected = mean + memory * (0.0 - mean)
    told |= {
        "since_over": np.log1p(since / horizon),
        "share_over": over.sum(axis=1) / np.maximum(real.sum(axis=1), 1),
        "excursions": entered * horizon / age,
        "margin_level": margin / scale,
        "margin_step": margin / np.where(step > 0, step * np.sqrt(horizon), unit),
        "margin_rise": margin / unit,
        "over_record": (margin + _least(-x, real)) / scale,
        "over_recent": (margin + _least(-x[:, -recent:], real[:, -recent:])) / unit,
        "smoothness": step / unit,
        "wander": unit / scale,
        "reverting": (margin - expected) / (scale * np.sqrt(np.maximum(1 - memory**2, 0.05))),
        "memory": memory,
        "repeats": _correlation(np.diff(x, axis=1), day) if day else np.full(n, np.nan),
        "last_step": _last_step(x) / np.where(step > 0, step, unit),
        "last_horizon": -_mean(x[:, -recent:], real[:, -recent:]) / unit,
        "age": np.log(age / horizon),
        "day": np.full(n, day / horizon if day else np.nan),
    }
    return {name: np.clip(each, -_MOST, _MOST) for name, each in told.items()}


def _rises(
    x: FloatArray, margin: FloatArray, horizon: int, day: int, unit: FloatArray
) -> dict[str, FloatArray]:
    """How far, and how often far enough, the value rose within as much time before."""
    n, width = x.shape
    count = width - horizon
    nothing = np.full(n, np.nan)
    names = [name for name in NAMES[:23] if name not in ("since_over", "share_over", "excursions")]
    if count < 1:
        return dict.fromkeys(names, nothing) | {"rise_moments": np.zeros(n)}
    padded = np.where(np.isfinite(x), x, -np.inf)
    # The filter is centred; the origin shifts it to the cells after each.
    highest = maximum_filter1d(padded, horizon, axis=1, origin=-(horizon // 2))
    highest = highest[:, 1 : count + 1]
    rise = highest - x[:, :count]
    known = np.isfinite(rise)
    enough = (rise >= margin[:, None]) & known
    reached = (highest >= margin[:, None]) & known
    moments = known.sum(axis=1)
    late = np.arange(count) >= count - max(1, count // 4)
    ordered = np.sort(rise, axis=1)
    told = {
        "rise_share": _share(enough, known),
        "rise_share_late": _share(enough & late, known & late),
        "rise_moments": np.log1p(moments / horizon),
        "level_share": _share(reached, known),
        "level_share_late": _share(reached & late, known & late),
    }
    for name, level in (("50", 0.5), ("90", 0.9), ("99", 0.99), ("100", 1.0)):
        place = np.clip((level * (moments - 1)).astype(np.int64), 0, count - 1)
        quantile = ordered[np.arange(n), place]
        told[f"over_rise_{name}"] = np.where(quantile > 0, margin / quantile, _MOST)
        told[f"over_rise_{name}"][moments == 0] = np.nan
        if name == "99":
            told["rise_tail"] = quantile / unit
    back = np.arange(1, _DAYS + 1) * day
    back = width - 1 - back[(back >= horizon) & (back < width)] if day else back[:0]
    back = back[(back >= 0) & (back < count)]
    if not len(back):
        return told | {name: nothing for name in names if name not in told}
    same, tops, rises = known[:, back], highest[:, back], rise[:, back]
    tops = np.where(same, tops, np.nan)
    rises = np.where(same, rises, np.nan)
    week = np.flatnonzero(back == width - 1 - 7 * day)
    far = margin[:, None] - tops
    return told | {
        "rise_share_hour": _share(enough[:, back], same),
        "level_share_hour": _share(reached[:, back], same),
        "hour_moments": same.sum(axis=1).astype(np.float64),
        "day_before": far[:, 0] / unit,
        "week_before": far[:, week[0]] / unit if len(week) else nothing,
        "hour_max": _least(far, same) / unit,
        "hour_mean": _mean(far, same) / unit,
        "hour_min": -_least(-far, same) / unit,
        "hour_rise": (margin - _mean(rises, same)) / unit,
        "hour_rise_max": (margin + _least(-rises, same)) / unit,
    }


def _lines(
    x: FloatArray, start: IntArray, margin: FloatArray, horizon: int, scale: FloatArray
) -> dict[str, FloatArray]:
    """Straight lines through the last stretches: where they lead, how well they fit."""
    width = x.shape[1]
    told: dict[str, FloatArray] = {}
    slopes = []
    for span in (*SPANS, "all"):
        wanted = width if span == "all" else max(6, round(float(span) * horizon))
        recent = x[:, -min(wanted, width) :]
        good = np.isfinite(recent)
        number = np.maximum(good.sum(axis=1, keepdims=True), 1)
        t = np.where(good, np.arange(recent.shape[1]) - recent.shape[1] + 1.0, 0.0)
        y = np.where(good, recent, 0.0)
        middle = t.sum(axis=1, keepdims=True) / number
        level = y.sum(axis=1, keepdims=True) / number
        dt = np.where(good, t - middle, 0.0)
        dy = np.where(good, y - level, 0.0)
        across = (dt * dt).sum(axis=1)
        slope = np.where(across > 0, (dt * dy).sum(axis=1) / np.where(across > 0, across, 1), 0.0)
        total = (dy * dy).sum(axis=1)
        rest = np.maximum(total - slope**2 * across, 0.0)
        noise = np.sqrt(rest / number[:, 0])
        end = level[:, 0] - slope * middle[:, 0]
        unit = np.maximum(noise, 1e-3 * scale)
        told[f"ahead_{span}"] = (margin - end - slope * horizon) / unit
        gap = np.maximum(margin - end, 0.0)
        told[f"until_{span}"] = np.where(slope > 0, gap / (slope * horizon), _MOST)
        told[f"fit_{span}"] = np.where(total > 0, np.sign(slope) * (1 - rest / total), 0.0)
        if span != "all":
            for name in ("ahead", "until", "fit"):
                short = start > width - min(wanted, width)
                told[f"{name}_{span}"][short & (number[:, 0] < 6)] = np.nan
        slopes.append(slope)
    told["acceleration"] = (slopes[1] - slopes[-1]) * horizon / scale
    told["steepness"] = slopes[1] * horizon / scale
    return told


def _share(met: NDArray[np.bool_], known: NDArray[np.bool_]) -> FloatArray:
    """Returns Laplace's share of the moments, half of each kind added (Jeffreys)."""
    moments = known.sum(axis=1)
    share = ((met & known).sum(axis=1) + 0.5) / (moments + 1.0)
    return np.where(moments > 0, share, np.nan)


def _mean(values: FloatArray, known: NDArray[np.bool_]) -> FloatArray:
    number = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _last_step(x: FloatArray) -> FloatArray:
    """Returns the newest value, which is 0, less the one known before it."""
    before = np.isfinite(x)
    before[np.arange(len(x)), x.shape[1] - 1 - before[:, ::-1].argmax(axis=1)] = False
    at = x.shape[1] - 1 - before[:, ::-1].argmax(axis=1)
    return np.asarray(np.where(before.any(axis=1), -x[np.arange(len(x)), at], np.nan))


def _deviation(values: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    middle = _mean(values, known)
    off = np.where(known, values - middle[:, None], 0.0)
    return np.asarray(np.sqrt((off * off).sum(axis=1) / np.maximum(known.sum(axis=1), 1)))


def _least(values: FloatArray, known: NDArray[np.bool_]) -> FloatArray:
    least = np.where(known, values, np.inf).min(axis=1)
    return np.where(np.isfinite(least), least, np.nan)


def _correlation(x: FloatArray, lag: int) -> FloatArray:
    """Returns how the values go with those a lag before; NaN where less than two lags are known."""
    if x.shape[1] < 2 * lag or lag < 1:
        return np.full(len(x), np.nan)
    now, before = x[:, lag:], x[:, :-lag]
    good = np.isfinite(now) & np.isfinite(before)
    number = good.sum(axis=1)
    a = np.where(good, now - _mean(now, good)[:, None], 0.0)
    b = np.where(good, before - _mean(before, good)[:, None], 0.0)
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    found = np.where(size > 0, (a * b).sum(axis=1) / np.where(size > 0, size, 1.0), 0.0)
    return np.where(number >= max(lag, 8), found, np.nan)
