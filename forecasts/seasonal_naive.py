"""Seasonal naive: the value a day ago (or the last one), with bands of its own past errors.

The yardstick: what does not beat it is not worth its cost.

Source: Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 5.2.
"""

from functools import partial
from typing import Final

from aiops.contracts.plugin import NoSettings, Plugin
from forecasts._alone import alone
from forecasts._each import EachRow
from forecasts._members import Member, repeat_last, repeat_season


def _make(season: int) -> Member:
    return partial(repeat_season, season=season) if season else repeat_last


def create(settings: NoSettings) -> EachRow:
    """Builds the forecaster."""
    del settings
    return alone("seasonal_naive", "seasonal_naive/1", 1.0, _make)


PLUGIN: Final = Plugin(
    "The value a day ago, with bands of its own past errors", NoSettings, create, tags=("paths",)
)
