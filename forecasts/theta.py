"""Theta: exponential smoothing with half the drift, on values without their daily shape.

When it works: levels with mild trends. When it does not: a weekly shape, changes of shape.

Source: Assimakopoulos and Nikolopoulos (2000).
"""

from functools import partial
from typing import Final

from aiops.contracts.plugin import NoSettings, Plugin
from forecasts._alone import alone
from forecasts._each import EachRow
from forecasts._members import Member, smooth_theta


def _make(season: int) -> Member:
    return partial(smooth_theta, season=season)


def create(settings: NoSettings) -> EachRow:
    """Builds the forecaster."""
    del settings
    return alone("theta", "theta/1", 5.0, _make)


PLUGIN: Final = Plugin(
    "Exponential smoothing with half the drift, without the daily shape",
    NoSettings,
    create,
    tags=("paths",),
)
