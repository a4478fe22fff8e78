"""Prophet: piece-wise trend, daily and weekly waves, holidays of a country.

When it works: months of history with weekly habits and holidays. When it does not: short
horizons on fast metrics; it costs a hundred times the ensemble and its bands are too narrow.

Days off come with the panel: of the country of the site (``detect.countries``) and as reported.

Source: Taylor and Letham (2018); holidays of the ``holidays`` package, China included.
"""

import logging
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np

from aiops.contracts.forecaster import HOLIDAYS
from aiops.contracts.plugin import Plugin
from forecasts._each import FUTURES, SEED, EachRow, Future, Past

_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class ProphetSettings:
    """What may be set of Prophet."""

    country: str = field(
        default="",
        metadata={"help": "ISO code whose holidays count where nothing is known of the site."},
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
        stamps = end - step * np.arange(count - 1, -1, -1)
        if past.days_off and past.step:
            first, last = (end - step * (count - 1)).date(), (end + step * past.horizon).date()
            days = _unusual_days(past.days_off, first, last)
            if days:
                names, dates = zip(*days, strict=True)
                model.holidays = pd.DataFrame({"holiday": names, "ds": pd.to_datetime(dates)})
        elif settings.country:
            model.add_country_holidays(settings.country)
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

    return EachRow("prophet", "prophet/3", 100.0, fit)


def _unusual_days(off: frozenset[date], first: date, last: date) -> list[tuple[str, date]]:
    """Returns the days that differ from their weekday: off, or worked on at a weekend."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [
        ("off" if day in off else "worked", day)
        for day in days
        if (day in off) != (day.weekday() >= _SATURDAY)
    ]


PLUGIN: Final = Plugin(
    "Piece-wise trend, daily and weekly waves, holidays of a country (Prophet)",
    ProphetSettings,
    create,
    extra="prophet",
    tags=("one by one", "paths", HOLIDAYS),
)
