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
from aiops.forecast.chance import Chance, is_new
from aiops.forecast.describe import describe_rows
from aiops.forecast.passage import Passage, join_times, likely_passage
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
    """Tells a crossing from margins, error paths and replayed trends, as the service does."""
    n, _, horizon = paths.shape
    limits, up = np.full(n, limit.value), np.full(n, limit.up)
    by_errors = likely_passage(paths, limits, up)
    by_trend = None if trend is None else likely_passage(trend, limits, up)
    described = describe_rows(
        panel,
        limits,
        up,
        np.full(n, horizon),
        None if by_trend is None else by_trend.probability,
        by_errors.probability,
    )
    probability = np.where(panel.usable.any(axis=1), Chance().tell(described), np.nan)
    joined = by_errors if by_trend is None else join_times(by_errors, by_trend, is_new(described))
    return replace(joined, probability=probability)


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
