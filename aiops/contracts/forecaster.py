"""Forecasters: panel in, quantiles and paths out."""

from typing import Final, Protocol, runtime_checkable

from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.domain.state import State

HOLIDAYS: Final = "holidays"
"""Tag of a method that reads the days off of the panel's calendar."""


@runtime_checkable
class Forecaster(Protocol):
    """Forecasts whole fleets.

    Promises: quantiles are monotone in the level; a row without an answer has a reason and
    NaN quantiles; equal input gives equal output (any randomness is seeded by the values).
    ``cost`` is a rough price in CPU milliseconds per series, for the funnel.
    """

    version: str
    cost: float

    def update(self, model: State | None, panel: Panel) -> State:
        """Learns from the panel and returns the model (which may be empty)."""
        ...

    def forecast(
        self, model: State, panel: Panel, horizon: int, levels: FloatArray, known: Known
    ) -> Forecast:
        """Returns ``horizon`` steps after the panel's last cell.

        Raises:
            NotEnoughHistory: No row of the panel can be answered.
        """
        ...
