"""SARIMAX: autoregression and moving average on seasonal differences.

When it works: one short season and steady correlation. When it does not: long seasons (the
cost grows with their cube), bursts.

Source: Box and Jenkins (1970); Durbin and Koopman (2012) for the filter, as in statsmodels.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.contracts.plugin import Plugin
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from forecasts._each import EachRow, normal_quantiles
from forecasts._season import season_lengths

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

    def fit(
        values: FloatArray, horizon: int, levels: FloatArray, panel: Panel, row: int
    ) -> FloatArray:
        del row
        recent = values[-settings.cells :]
        lengths = [] if panel.ordinal else season_lengths(panel.step, len(recent) // 2)
        season = lengths[0] if lengths and lengths[0] <= _LONGEST else 0
        # The season is taken out by differencing first: a filter over a whole season is slow.
        base = recent[season:] - recent[:-season] if season else recent
        difference = 0 if season else 1
        model = SARIMAX(
            base, order=(settings.ar, difference, settings.ma), simple_differencing=False,
            enforce_stationarity=True, enforce_invertibility=True,
        )  # fmt: skip
        told = model.fit(disp=False, maxiter=25).get_forecast(horizon)
        mean = np.array(told.predicted_mean)
        deviation = np.sqrt(np.asarray(told.var_pred_mean))
        if season:
            lap = np.arange(horizon) // season
            whole = np.concatenate([recent[-season:], np.zeros(horizon)])
            for k in range(horizon):
                whole[season + k] = whole[k] + mean[k]
            mean = whole[season:]
            deviation = deviation * np.sqrt(lap + 1.0)
        return normal_quantiles(mean, deviation, levels)

    return EachRow("sarimax", "sarimax/1", 500.0, fit, minimum=40)


PLUGIN: Final = Plugin(
    "Autoregression and moving average on seasonal differences (statsmodels)",
    SarimaxSettings,
    create,
    tags=("one by one",),
)
