"""Unobserved components: a local linear trend plus a daily wave of a few harmonics.

When it works: smooth levels and seasons that change slowly. When it does not: sharp daily
shapes (too few harmonics), bursts.

Source: Harvey (1989), as in statsmodels' ``UnobservedComponents``.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from aiops.contracts.plugin import Plugin
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from forecasts._each import EachRow, normal_quantiles
from forecasts._season import season_lengths


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

    def fit(
        values: FloatArray, horizon: int, levels: FloatArray, panel: Panel, row: int
    ) -> FloatArray:
        del row
        recent = values[-settings.cells :]
        lengths = [] if panel.ordinal else season_lengths(panel.step, len(recent) // 2)
        wave: dict[str, Any] = {}
        if lengths:
            waves = min(settings.harmonics, lengths[0] // 2)
            wave = {"freq_seasonal": [{"period": lengths[0], "harmonics": waves}]}
        scale = float(recent.std()) or 1.0
        centre = float(recent.mean())
        model = UnobservedComponents((recent - centre) / scale, "local linear trend", **wave)
        told = model.fit(disp=False, maxiter=50).get_forecast(horizon)
        mean = np.asarray(told.predicted_mean) * scale + centre
        deviation = np.sqrt(np.asarray(told.var_pred_mean)) * scale
        return normal_quantiles(mean, deviation, levels)

    return EachRow("unobserved", "unobserved/1", 700.0, fit, minimum=40)


PLUGIN: Final = Plugin(
    "Local linear trend and a daily wave, by the Kalman filter (statsmodels)",
    UnobservedSettings,
    create,
    tags=("one by one",),
)
