"""ETS: exponential smoothing in state-space form, with damped trend and daily season.

When it works: calm levels, trends and seasons of one length. When it does not: two seasons at
once, long seasons (slow), bursts; its bands are known to be too narrow on such data.

Source: Hyndman, Koehler, Ord and Snyder (2008), as in statsmodels' ``ETSModel``.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.contracts.plugin import Plugin
from forecasts._each import FUTURES, SEED, EachRow, Future, Past, normal_quantiles

_LONGEST: Final = 48
"""A longer season takes seconds a series; it is left out."""


@dataclass(frozen=True, slots=True)
class EtsSettings:
    """What may be set of ETS."""

    damped: bool = field(default=True, metadata={"help": "Let the trend fade."})
    cells: int = field(default=700, metadata={"help": "Newest cells to fit to."})


def create(settings: EtsSettings) -> EachRow:
    """Builds the forecaster.

    Raises:
        ImportError: statsmodels is not installed.
    """
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    def fit(past: Past) -> Future:
        recent, season = past.newest(settings.cells, _LONGEST)
        fitted = ETSModel(
            pd.Series(recent), error="add", trend="add", damped_trend=settings.damped,
            seasonal="add" if season else None, seasonal_periods=season or None,
        ).fit(disp=False, maxiter=40)  # fmt: skip
        told = fitted.get_prediction(start=len(recent), end=len(recent) + past.horizon - 1)
        deviation = np.sqrt(np.asarray(told.forecast_variance))
        mean = np.asarray(told.predicted_mean)
        drawn = fitted.simulate(past.horizon, anchor="end", repetitions=FUTURES, rng=SEED)
        paths = np.asarray(drawn).reshape(past.horizon, FUTURES).T
        return Future(normal_quantiles(mean, deviation, past.levels), paths)

    return EachRow("ets", "ets/2", 300.0, fit)


PLUGIN: Final = Plugin(
    "Exponential smoothing with damped trend and daily season (statsmodels)",
    EtsSettings,
    create,
    tags=("one by one", "paths"),
)
