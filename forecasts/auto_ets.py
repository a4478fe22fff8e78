"""AutoETS: exponential smoothing that chooses error, trend and season by an information criterion.

When it works: calm levels, trends, one season of at most a day of hours. When it does not: two
seasons at once, bursts; its bands are known to be too narrow there.

Source: Hyndman, Koehler, Snyder and Grose (2002), as in statsforecast.
"""

from dataclasses import dataclass, field
from typing import Any, Final, cast

import numpy as np

from aiops.contracts.plugin import Plugin
from aiops.domain.series import FloatArray
from forecasts._automatic import Automatic, automatic
from forecasts._each import EachRow

_LONGEST: Final = 48
"""A longer season takes seconds a series; it is left out."""


@dataclass(frozen=True, slots=True)
class AutoEtsSettings:
    """What may be set of AutoETS."""

    cells: int = field(default=700, metadata={"help": "Newest cells to fit to."})


@dataclass(frozen=True, slots=True)
class _Undamped:
    """The model, whose futures keep a trend that is not damped.

    ``simulate_ets`` of statsforecast 2.1 reads a missing damping as 0, by which the trend ends
    at once, where it should be 1.
    """

    model: Any

    def fit(self, y: FloatArray) -> Any:
        return self.model.fit(y)

    def predict(self, h: int, *, level: list[float]) -> dict[str, FloatArray]:
        return cast("dict[str, FloatArray]", self.model.predict(h, level=level))

    def simulate(self, h: int, n_paths: int, *, seed: int) -> FloatArray:
        fitted = self.model.model_
        kept = np.array(fitted["par"])
        fitted["par"] = np.where(np.arange(len(kept)) == 3, np.nan_to_num(kept, nan=1.0), kept)
        drawn = self.model.simulate(h, n_paths, seed=seed)
        fitted["par"] = kept
        return np.asarray(drawn)


def create(settings: AutoEtsSettings) -> EachRow:
    """Builds the forecaster.

    Raises:
        ImportError: statsforecast is not installed.
    """
    from statsforecast.models import AutoETS

    def make(*, season_length: int) -> Automatic:
        return _Undamped(AutoETS(season_length=season_length))

    return automatic("auto_ets", "auto_ets/1", 200.0, make, settings.cells, _LONGEST)


PLUGIN: Final = Plugin(
    "Exponential smoothing that chooses its own form (statsforecast)",
    AutoEtsSettings,
    create,
    extra="statsforecast",
    tags=("one by one", "paths"),
)
