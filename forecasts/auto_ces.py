"""AutoCES: complex exponential smoothing, which needs no line between level and trend.

When it works: values between a level and a trend, one season. When it does not: two seasons at
once, bursts.

Source: Svetunkov, Kourentzes and Ord (2022), as in statsforecast.
"""

from dataclasses import dataclass, field
from typing import Final

from aiops.contracts.plugin import Plugin
from forecasts._automatic import automatic
from forecasts._each import EachRow

_LONGEST: Final = 48
"""A longer season takes seconds a series; it is left out."""


@dataclass(frozen=True, slots=True)
class AutoCesSettings:
    """What may be set of AutoCES."""

    cells: int = field(default=700, metadata={"help": "Newest cells to fit to."})


def create(settings: AutoCesSettings) -> EachRow:
    """Builds the forecaster.

    Raises:
        ImportError: statsforecast is not installed.
    """
    from statsforecast.models import AutoCES

    return automatic("auto_ces", "auto_ces/1", 150.0, AutoCES, settings.cells, _LONGEST)


PLUGIN: Final = Plugin(
    "Complex exponential smoothing that chooses its own form (statsforecast)",
    AutoCesSettings,
    create,
    extra="statsforecast",
    tags=("one by one", "paths"),
)
