"""Prophet: piece-wise trend, daily and weekly waves, holidays of a country.

When it works: months of history with weekly habits and holidays. When it does not: short
horizons on fast metrics; it costs a hundred times the ensemble and its bands are too narrow.

Source: Taylor and Letham (2018); holidays of the ``holidays`` package, China included.
"""

import logging
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.contracts.plugin import Plugin
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from forecasts._each import EachRow

_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class ProphetSettings:
    """What may be set of Prophet."""

    country: str = field(
        default="", metadata={"help": "ISO code whose holidays count, for example CN or DE."}
    )
    changepoint_scale: float = field(
        default=0.05, metadata={"help": "How readily the trend bends."}
    )
    samples: int = field(default=300, metadata={"help": "Futures drawn for the bands."})


def create(settings: ProphetSettings) -> EachRow:
    """Builds the forecaster.

    Raises:
        ImportError: prophet is not installed.
    """
    import pandas as pd
    from prophet import Prophet

    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).disabled = True

    def fit(
        values: FloatArray, horizon: int, levels: FloatArray, panel: Panel, row: int
    ) -> FloatArray:
        del row
        step = pd.Timedelta(panel.step) if not panel.ordinal else pd.Timedelta(hours=1)
        end = pd.Timestamp(int(panel.times[-1]), unit="ns")
        stamps = end - step * np.arange(len(values) - 1, -1, -1)
        model = Prophet(
            daily_seasonality=not panel.ordinal and step < pd.Timedelta(hours=6),
            weekly_seasonality=not panel.ordinal and len(values) * step > pd.Timedelta(days=14),
            yearly_seasonality=False,
            changepoint_prior_scale=settings.changepoint_scale,
            uncertainty_samples=settings.samples,
        )
        if settings.country:
            model.add_country_holidays(settings.country)
        model.fit(pd.DataFrame({"ds": stamps, "y": values}), seed=_SEED)
        ahead = pd.DataFrame({"ds": end + step * np.arange(1, horizon + 1)})
        # Its samples come from the global generator, which is put back as it was.
        held = np.random.get_state()  # noqa: NPY002 - Prophet draws from it
        np.random.seed(_SEED)  # noqa: NPY002 - Prophet draws from it
        try:
            drawn = model.predictive_samples(ahead)["yhat"]
        finally:
            np.random.set_state(held)  # noqa: NPY002 - Prophet draws from it
        return np.asarray(np.quantile(drawn, levels, axis=1)).T

    return EachRow("prophet", "prophet/1", 100.0, fit)


PLUGIN: Final = Plugin(
    "Piece-wise trend, daily and weekly waves, holidays of a country (Prophet)",
    ProphetSettings,
    create,
    extra="prophet",
    tags=("one by one",),
)
