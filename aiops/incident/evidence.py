"""What is frozen with a decision, as plain JSON values."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Anomaly
from aiops.domain.forecast import Crossing, Forecast
from aiops.domain.instant import from_ns
from aiops.domain.metric import Metric
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, SeriesKey

LEVELS: Final = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
"""The 50 % and 90 % bands that are drawn."""

_MOST_POINTS: Final = 300


def freeze(
    crossing: Crossing, metric: Metric, panel: Panel, forecast: Forecast | None
) -> dict[str, Any]:
    """Returns the evidence of a crossing.

    Args:
        panel: One row: the history that was looked at.
        forecast: One row at :data:`LEVELS`, if there is one.
    """
    evidence: dict[str, Any] = {
        "signal": {
            "asset": crossing.series.asset,
            "metric": crossing.series.metric,
            "labels": dict(crossing.series.labels),
            "unit": metric.unit,
        },
        "history": _with_met(_history(panel), crossing),
        "limit": crossing.limit,
        "direction": crossing.direction.value,
        "growth_per_hour": _plain(crossing.growth * 3600),
        "method": crossing.method,
        "limit_from": _origin_of(crossing),
        "failure": crossing.failure,
        "abstained": crossing.abstained.words,
        "cadence": f"{panel.step.total_seconds():g} s",
    }
    if crossing.warn is not None:
        evidence["warn"] = {
            "limit": crossing.warn.limit,
            "probability": _plain(crossing.warn.probability),
            "early": crossing.warn.early and crossing.warn.early.isoformat(),
            "late": crossing.warn.late and crossing.warn.late.isoformat(),
        }
    if forecast is not None and not forecast.reason[0]:
        evidence["forecast"] = _forecast(forecast)
    return evidence


def _origin_of(crossing: Crossing) -> Mapping[str, Any]:
    """Returns where a limit comes from that nobody wrote down as a number."""
    if crossing.of:
        return {"of": crossing.of, "share": crossing.share}
    return {"failures": crossing.learnt_from} if crossing.learnt_from else {}


def freeze_strange(
    anomaly: Anomaly, shown: SeriesKey, metric: Metric, panel: Panel
) -> dict[str, Any]:
    """Returns the evidence of an anomaly.

    Args:
        shown: Series that is drawn: its own, or the guiltiest one of an asset.
        panel: One row: the history before the decision.
    """
    return {
        "signal": {
            "asset": shown.asset,
            "metric": shown.metric,
            "labels": dict(shown.labels),
            "unit": metric.unit,
        },
        "history": _history(panel),
        "shape": anomaly.shape.value,
        "direction": anomaly.direction.value,
        "strength": round(anomaly.strength, 2),
        "method": anomaly.detector,
        "cadence": f"{panel.step.total_seconds():g} s",
    }


def freeze_guilty(group: Iterable[Anomaly]) -> list[dict[str, Any]]:
    """Returns the signals that stand out in the strongest anomaly of an asset, best first."""
    found = max((a for a in group if a.guilty), key=lambda a: a.strength, default=None)
    if found is None:
        return []
    return [
        {
            "asset": each.series.asset,
            "metric": each.series.metric,
            "labels": dict(each.series.labels),
            "share": round(each.share, 3),
        }
        for each in found.guilty
    ]


def _history(panel: Panel) -> Mapping[str, Any]:
    values = panel.values[0]
    every = -(-len(values) // _MOST_POINTS) or 1
    start = (len(values) - 1) % every
    times = [from_ns(t).isoformat() for t in panel.times[start::every].tolist()]
    return {"t": times, "v": _plain_row(values[start::every])}


def _with_met(history: Mapping[str, Any], crossing: Crossing) -> Mapping[str, Any]:
    """Adds the cell that met the limit: what is drawn ends where the limit was met."""
    if crossing.abstained is not Abstention.ALREADY_OVER or not np.isfinite(crossing.value):
        return history
    met = crossing.origin.isoformat()
    return {"t": [*history["t"], met], "v": [*history["v"], _plain(crossing.value)]}


def _forecast(forecast: Forecast) -> Mapping[str, Any]:
    every = -(-forecast.horizon // _MOST_POINTS) or 1
    steps = np.arange(every - 1, forecast.horizon, every)
    step_ns = int(forecast.step.total_seconds() * 1e9)
    return {
        "t": [from_ns(forecast.origin + (int(k) + 1) * step_ns).isoformat() for k in steps],
        "levels": forecast.levels.tolist(),
        "q": [_plain_row(forecast.quantiles[0, k]) for k in steps],
        "coverage": [
            {"promised": each.promised, "held": _plain(each.held), "cells": each.cells}
            for each in forecast.coverage
        ],
    }


def _plain_row(values: FloatArray) -> list[float | None]:
    return [_plain(value) for value in values.tolist()]


def _plain(value: float) -> float | None:
    return float(f"{value:.7g}") if np.isfinite(value) else None
