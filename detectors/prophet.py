"""Prophet band: how many widths of its band a value is away from what Prophet foretold.

A value of each hour of the last 28 days is kept. Each day Prophet is fitted to them (straight
pieces of trend, waves of the day, of the week from two weeks on) and foretells the hours that
follow, with a band. The score is the distance from its middle in units of the band's half width.

When it works: strong, regular days and weeks over a trend. When it does not: whatever wanders or
steps; one fit costs as much as a hundred thousand cells of the default. Fits are spread over the
executor.

Source: Taylor and Letham, "Forecasting at Scale", The American Statistician 72, 2018.
"""

import logging
import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.plugin import NoSettings, Plugin
from aiops.domain.series import FloatArray
from detectors._hourly import DAY, WEEK, Hourly
from detectors._streaming import HIGHEST, compile_loop, least_scale, surprise

VERSION: Final = "prophet-1"
_MILLISECONDS: Final = 250.0
_SEED: Final = 1
_DRAWS: Final = 200
_WIDTH: Final = 0.8
_SCALES: Final = 1.2816
"""Half of a band that holds four of five values, in standard deviations of a normal one."""


def _foretell(past: FloatArray, part: NDArray[np.int16]) -> FloatArray:
    """Returns middle and scale of each hour of the coming week.

    Args:
        past: ``(n,)`` a value of each hour, NaN where there is none.
        part: ``(n,)`` hour of the local week of each.
    """
    import pandas as pd
    from prophet import Prophet

    known = np.isfinite(past)
    middle, unit = float(past[known].mean()), float(np.ptp(past[known]))
    if unit == 0:
        return np.array([np.full(WEEK, middle), np.zeros(WEEK)])
    # Hours of the zone's own clock, which may have been put forward or back.
    plain = np.arange(len(past) + WEEK)
    turned = (part - part[-1] - plain[: len(past)] + len(past) - 1 + WEEK // 2) % WEEK - WEEK // 2
    local = int(part[-1]) + plain - (len(past) - 1)
    local[: len(past)] += turned
    stamps = pd.Timestamp("2024-01-01") + pd.to_timedelta(local + 8 * WEEK, unit="h")
    table = pd.DataFrame({"ds": stamps[: len(past)][known], "y": (past[known] - middle) / unit})
    model = Prophet(
        daily_seasonality=True,
        weekly_seasonality=len(past) > 2 * WEEK,
        yearly_seasonality=False,
        interval_width=_WIDTH,
        uncertainty_samples=_DRAWS,
    )
    # Its samples come from the global generator, which is put back as it was.
    held = np.random.get_state()  # noqa: NPY002 - Prophet draws from it
    np.random.seed(_SEED)  # noqa: NPY002 - Prophet draws from it
    try:
        with warnings.catch_warnings():
            # Its own use of pandas is not ours to mend.
            warnings.simplefilter("ignore")
            model.fit(table, seed=_SEED)
            told = model.predict(pd.DataFrame({"ds": stamps[len(past) :]}))
    except RuntimeError:
        # No optimum was found: the band of this day is unknown.
        return np.full((2, WEEK), np.nan)
    finally:
        np.random.set_state(held)  # noqa: NPY002 - Prophet draws from it
    found = np.empty((2, WEEK))
    place = local[len(past) :] % WEEK
    found[0, place] = middle + unit * told["yhat"].to_numpy()
    band = (told["yhat_upper"] - told["yhat_lower"]).to_numpy()
    found[1, place] = unit * band / (2.0 * _SCALES)
    return found


def _run(
    values: Any, good: Any, numbers: Any, usual: Any, part: Any, fitted: Any,
    score: Any, expected: Any,
) -> None:  # fmt: skip
    """Numbers: cells since the first fit, least and greatest residual."""
    for row in range(values.shape[0]):
        mine = numbers[row]
        for t in range(values.shape[1]):
            if not good[row, t]:
                continue
            value = values[row, t]
            mine[5] = value
            mine[6] = 1.0
            middle = usual[row, 0, part[row]]
            if not fitted[row] or np.isnan(middle):
                continue
            rest = value - middle
            least = least_scale(mine[3:5], rest, mine[2])
            expected[row, t] = middle
            if mine[2] >= DAY:
                score[row, t] = min(surprise(rest, max(usual[row, 1, part[row]], least)), HIGHEST)
            mine[2] += 1.0


_LOOP: Final = compile_loop(_run)


def _create(settings: NoSettings) -> Hourly:
    del settings
    import prophet  # noqa: F401 - that it is missing is told here

    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).disabled = True
    return Hourly(VERSION, _foretell, _LOOP, 2, _MILLISECONDS)


PLUGIN: Final = Plugin(
    summary="Prophet band: a value far outside of what was foretold for its hour (Prophet).",
    settings=NoSettings,
    create=_create,
    extra="prophet",
)
