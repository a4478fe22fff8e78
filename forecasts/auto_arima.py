"""AutoARIMA: orders found step by step, by an information criterion.

When it works: levels and slow swings with memory. When it does not: long seasons, for which the
search takes minutes a series (so a season of more than a dozen cells is left out), bursts.

Source: Hyndman and Khandakar (2008), as in statsforecast.
"""

from dataclasses import dataclass, field
from typing import Final

from aiops.contracts.plugin import Plugin
from forecasts._automatic import automatic
from forecasts._each import EachRow

_LONGEST: Final = 12
"""The search with a season of 24 takes five seconds a series, with 12 one."""


@dataclass(frozen=True, slots=True)
class AutoArimaSettings:
    """What may be set of AutoARIMA."""

    cells: int = field(default=500, metadata={"help": "Newest cells to fit to."})


def create(settings: AutoArimaSettings) -> EachRow:
    """Builds the forecaster.

    Raises:
        ImportError: statsforecast is not installed.
    """
    from statsforecast.models import AutoARIMA

    return automatic("auto_arima", "auto_arima/1", 800.0, AutoARIMA, settings.cells, _LONGEST)


PLUGIN: Final = Plugin(
    "ARIMA that finds its own orders (statsforecast)",
    AutoArimaSettings,
    create,
    extra="statsforecast",
    tags=("one by one", "paths"),
)
