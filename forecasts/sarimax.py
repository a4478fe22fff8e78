"""SARIMAX: autoregression and moving average on seasonal differences.

When it works: one short season and steady correlation. When it does not: long seasons (the
cost grows with their cube), bursts.

Source: Box and Jenkins (1970); Durbin and Koopman (2012) for the filter, as in statsmodels.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.contracts.plugin import Plugin
from aiops.domain.series import FloatArray
from forecasts._each import FUTURES, SEED, EachRow, Future, Past, normal_quantiles

_LONGEST: Final = 24


@dataclass(frozen=True, slots=True)
class SarimaxSettings:
    """What may be set of SARIMAX."""

    ar: int = field(default=1, metadata={"help": "Autoregressive order."})
    ma: int = field(default=1, metadata={"help": "Moving-average order."})
    cells: int = field(default=300, metadata={"help": "Newest cells to fit to."})


def create(settings: SarimaxSettings) -> EachRow:
    """Builds the forecaster.

    Raises:
        ImportError: statsmodels is not installed.
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    def fit(past: Past) -> Future:
        recent, season = past.newest(settings.cells, _LONGEST)
        # The season is taken out by differencing first: a filter over a whole season is slow.
        base = recent[season:] - recent[:-season] if season else recent
        difference = 0 if season else 1
        fitted = SARIMAX(
            base, order=(settings.ar, difference, settings.ma), simple_differencing=False,
            enforce_stationarity=True, enforce_invertibility=True,
        ).fit(disp=False, maxiter=25)  # fmt: skip
        told = fitted.get_forecast(past.horizon)
        mean = np.array(told.predicted_mean)
        deviation = np.sqrt(np.asarray(told.var_pred_mean))
        drawn = fitted.simulate(past.horizon, anchor="end", repetitions=FUTURES, rng=SEED)
        paths = np.asarray(drawn).reshape(past.horizon, FUTURES).T
        if season:
            mean = _undo_difference(recent[-season:], mean)
            paths = _undo_difference(recent[-season:], paths)
            deviation = deviation * np.sqrt(np.arange(past.horizon) // season + 1.0)
        return Future(normal_quantiles(mean, deviation, past.levels), paths)

    return EachRow("sarimax", "sarimax/2", 500.0, fit, minimum=40)


def _undo_difference(lap: FloatArray, changes: FloatArray) -> FloatArray:
    """Adds changes over a season to the season before.

    Args:
        lap: ``(season,)`` the last season seen.
        changes: ``(..., horizon)``.

    >>> _undo_difference(np.array([1.0, 2.0]), np.array([1.0, 1.0, 1.0])).tolist()
    [2.0, 3.0, 3.0]
    """
    whole = np.empty_like(changes)
    for k in range(changes.shape[-1]):
        before = lap[k] if k < len(lap) else whole[..., k - len(lap)]
        whole[..., k] = before + changes[..., k]
    return whole


PLUGIN: Final = Plugin(
    "Autoregression and moving average on seasonal differences (statsmodels)",
    SarimaxSettings,
    create,
    tags=("one by one", "paths"),
)
