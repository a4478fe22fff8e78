"""Unobserved components: a local linear trend plus a daily wave of a few harmonics.

When it works: smooth levels and seasons that change slowly. When it does not: sharp daily
shapes (too few harmonics), bursts.

Source: Harvey (1989), as in statsmodels' ``UnobservedComponents``.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from aiops.contracts.plugin import Plugin
from forecasts._each import FUTURES, SEED, EachRow, Future, Past, normal_quantiles


@dataclass(frozen=True, slots=True)
class UnobservedSettings:
    """What may be set of the components."""

    harmonics: int = field(default=3, metadata={"help": "Waves of the daily season."})
    cells: int = field(default=400, metadata={"help": "Newest cells to fit to."})


def create(settings: UnobservedSettings) -> EachRow:
    """Builds the forecaster.

    Raises:
        ImportError: statsmodels is not installed.
    """
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    def fit(past: Past) -> Future:
        recent, season = past.newest(settings.cells, settings.cells)
        wave: dict[str, Any] = {}
        if season:
            waves = min(settings.harmonics, season // 2)
            wave = {"freq_seasonal": [{"period": season, "harmonics": waves}]}
        scale = float(recent.std()) or 1.0
        centre = float(recent.mean())
        fitted = UnobservedComponents(
            (recent - centre) / scale, "local linear trend", **wave
        ).fit(disp=False, maxiter=50)  # fmt: skip
        told = fitted.get_forecast(past.horizon)
        mean = np.asarray(told.predicted_mean) * scale + centre
        deviation = np.sqrt(np.asarray(told.var_pred_mean)) * scale
        drawn = fitted.simulate(past.horizon, anchor="end", repetitions=FUTURES, rng=SEED)
        paths = np.asarray(drawn).reshape(past.horizon, FUTURES).T * scale + centre
        return Future(normal_quantiles(mean, deviation, past.levels), paths)

    return EachRow("unobserved", "unobserved/2", 700.0, fit, minimum=40)


PLUGIN: Final = Plugin(
    "Local linear trend and a daily wave, by the Kalman filter (statsmodels)",
    UnobservedSettings,
    create,
    tags=("one by one", "paths"),
)
