"""Prophet: piece-wise trend, daily and weekly waves, holidays of a country.

When it works: months of history with weekly habits and holidays. When it does not: short
horizons on fast metrics; it costs a hundred times the ensemble and its bands are too narrow.

Source: Taylor and Letham (2018); holidays of the ``holidays`` package, China included.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from aiops.contracts.plugin import Plugin
from forecasts._each import FUTURES, SEED, EachRow, Future, Past


@dataclass(frozen=True, slots=True)
class ProphetSettings:
    """What may be set of Prophet."""

    country: str = field(
        default="", metadata={"help": "ISO code whose holidays count, for example CN or DE."}
    )
    changepoint_scale: float = field(
        default=0.05, metadata={"help": "How readily the trend bends."}
    )


def create(settings: ProphetSettings) -> EachRow:
    """Builds the forecaster.

    Raises:
        ImportError: prophet is not installed.
    """
    import pandas as pd
    from prophet import Prophet

    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).disabled = True

    def fit(past: Past) -> Future:
        step = pd.Timedelta(past.step or timedelta(hours=1))
        end = pd.Timestamp(past.end, unit="ns")
        count = len(past.values)
        model = Prophet(
            daily_seasonality=bool(past.step) and step < pd.Timedelta(hours=6),
            weekly_seasonality=bool(past.step) and count * step > pd.Timedelta(days=14),
            yearly_seasonality=False,
            changepoint_prior_scale=settings.changepoint_scale,
            uncertainty_samples=FUTURES,
        )
        if settings.country:
            model.add_country_holidays(settings.country)
        stamps = end - step * np.arange(count - 1, -1, -1)
        model.fit(pd.DataFrame({"ds": stamps, "y": past.values}), seed=SEED)
        ahead = pd.DataFrame({"ds": end + step * np.arange(1, past.horizon + 1)})
        # Its samples come from the global generator, which is put back as it was.
        held = np.random.get_state()  # noqa: NPY002 - Prophet draws from it
        np.random.seed(SEED)  # noqa: NPY002 - Prophet draws from it
        try:
            drawn = np.asarray(model.predictive_samples(ahead)["yhat"])
        finally:
            np.random.set_state(held)  # noqa: NPY002 - Prophet draws from it
        return Future(np.asarray(np.quantile(drawn, past.levels, axis=1)).T, drawn.T)

    return EachRow("prophet", "prophet/2", 100.0, fit)


PLUGIN: Final = Plugin(
    "Piece-wise trend, daily and weekly waves, holidays of a country (Prophet)",
    ProphetSettings,
    create,
    extra="prophet",
    tags=("one by one", "paths"),
)
