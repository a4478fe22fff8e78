"""What ``aiops try forecast`` answers: quantiles for every series, and crossings of one limit."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import NotEnoughHistory
from aiops.contracts.forecaster import Forecaster
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.forecast.passage import Passage, likely_passage
from aiops.forecast.rises import day_cells, repeats_daily, rise_share
from aiops.forecast.tracks import Track, form_cohorts


@dataclass(frozen=True, slots=True)
class Answer:
    """Quantiles and first passages of many series, in the order they were asked in.

    Attributes:
        quantiles: ``(n, horizon, n_levels)``; NaN only for a series without any value.
        passage: Of the limit, where one was given; steps ahead.
        reason: ``(n,)`` why a crossing is not told.
    """

    quantiles: FloatArray
    passage: Passage | None
    reason: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Models:
    """The forecasters of a trial.

    Attributes:
        first: The one that was asked for.
        spare: Answers the series on which the first abstains.
        trend: Replays trends, for crossings of series without a daily shape.
    """

    first: Forecaster
    spare: Forecaster
    trend: Forecaster


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit, met at or beyond it; ``up`` from below."""

    value: float
    up: bool


def answer(
    tracks: list[Track],
    plain: bool,
    models: Models,
    horizon: int,
    levels: FloatArray,
    limit: Limit | None = None,
) -> Answer:
    """Forecasts every series of a file."""
    n = len(tracks)
    quantiles = np.full((n, horizon, len(levels)), np.nan)
    reason = np.zeros(n, dtype=np.uint8)
    found = Passage(*np.full((4, n), np.nan)) if limit is not None else None
    for cohort in form_cohorts(tracks, plain):
        forecast = forecast_all(cohort.panel, models.first, models.spare, horizon, levels)
        rows = cohort.positions
        quantiles[rows] = forecast.quantiles
        reason[rows] = forecast.reason
        if found is not None and limit is not None and forecast.paths is not None:
            trend = _forecast(cohort.panel, models.trend, horizon, np.empty(0)).paths
            passage = foretell(cohort.panel, forecast.paths, trend, limit)
            for name in Passage.__slots__:
                getattr(found, name)[rows] = getattr(passage, name)
    return Answer(quantiles, found, reason)


def foretell(
    panel: Panel, paths: NDArray[np.float32], trend: NDArray[np.float32] | None, limit: Limit
) -> Passage:
    """Joins three opinions on a crossing: error paths, the past's own rises, replayed trends.

    Trends speak only where the limit would be new: a value that has been there before comes and
    goes. Rises count at the hour of the day, where there is a daily shape. Opinions are
    averaged as log odds (Genest and Zidek, 1986).
    """
    n, _, horizon = paths.shape
    sign = 1.0 if limit.up else -1.0
    limits, up = np.full(n, limit.value), np.full(n, limit.up)
    by_errors = likely_passage(paths, limits, up)
    by_trend = None if trend is None else likely_passage(trend, limits, up)
    day = day_cells(panel)
    probability = np.zeros(n)
    times = np.stack([by_errors.early, by_errors.likely, by_errors.late])
    for row in range(n):
        good = panel.usable[row]
        if not good.any():
            probability[row] = np.nan
            continue
        values = sign * np.where(good, panel.values[row], np.nan)[int(good.argmax()) :]
        last = values[np.isfinite(values)][-1]
        daily = repeats_daily(values, day)
        share, moments = rise_share(values, sign * limit.value - last, horizon, day if daily else 0)
        odds = [_log_odds(float(by_errors.probability[row]))]
        if moments:
            odds.append(_log_odds(share))
        new = np.nanmax(values) < sign * limit.value
        if by_trend is not None and new and np.isfinite(by_trend.early[row]):
            odds.append(_log_odds(float(by_trend.probability[row])))
            both = by_errors.probability[row] + by_trend.probability[row]
            weight = by_trend.probability[row] / both
            for k, name in enumerate(("early", "likely", "late")):
                times[k, row] += weight * (getattr(by_trend, name)[row] - times[k, row])
        probability[row] = 1 / (1 + np.exp(-np.mean(odds)))
    return Passage(probability, times[0], times[1], times[2])


def _log_odds(probability: float) -> float:
    held = min(max(probability, 0.002), 0.998)
    return float(np.log(held / (1 - held)))


def forecast_all(
    panel: Panel, forecaster: Forecaster, fallback: Forecaster, horizon: int, levels: FloatArray
) -> Forecast:
    """Forecasts a panel; rows on which the forecaster abstains get the fallback's answer.

    A row keeps a reason only if it has no value at all, or never changed.
    """
    spare = _forecast(panel, fallback, horizon, levels)
    first = spare if forecaster is fallback else _forecast(panel, forecaster, horizon, levels)
    good = first.reason == 0
    quantiles = np.where(good[:, None, None], first.quantiles, spare.quantiles)
    paths = first.paths if first.paths is not None and good.all() else spare.paths
    usable = panel.usable
    high = np.where(usable, panel.values, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(usable, panel.values, np.inf).min(axis=1, initial=np.inf)
    reason = spare.reason.copy()
    reason[high == low] = Abstention.CONSTANT
    reason[usable.sum(axis=1) < 3] = Abstention.SHORT_HISTORY
    reason[~usable.any(axis=1)] = Abstention.MISSING
    return replace(first, quantiles=quantiles, paths=paths, reason=reason)


def _forecast(panel: Panel, forecaster: Forecaster, horizon: int, levels: FloatArray) -> Forecast:
    model = forecaster.update(None, panel)
    try:
        return forecaster.forecast(model, panel, horizon, levels, Known())
    except NotEnoughHistory:
        n = len(panel.series)
        nothing = np.full((n, horizon, len(levels)), np.nan)
        reason = np.full(n, Abstention.SHORT_HISTORY, dtype=np.uint8)
        end = int(panel.times[-1]) + panel.step_ns
        return Forecast(
            panel.series, end, panel.step, levels, nothing, reason, "none", forecaster.version
        )
