"""Auto: the mean of cheap methods, weighted by how well each did on the series' last windows.

Every method is run again from several origins in the past, seeing only what came before each;
its weight is one over the cube of its error there. The errors of the weighted mean at those
origins become the bands (whole error paths, so that a first crossing has a probability).

When it works: values with a daily or weekly shape, levels, mild trends, short histories.
When it does not: a change that has never been seen in the history.

Source: forecast combination by inverse error (Bates and Granger, 1969); bands from
past errors are split conformal intervals (Vovk et al., 2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np

from aiops.contracts.errors import NotEnoughHistory
from aiops.contracts.plugin import Plugin
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.state import State
from forecasts._bands import make_bands
from forecasts._history import read_history
from forecasts._members import (
    Member,
    average_seasons,
    damp_trend,
    follow_likeness,
    regress_differences,
    regress_lags,
    regress_logarithms,
    repeat_last,
    repeat_season,
    seasonal_lags,
    smooth_theta,
)
from forecasts._origins import fill_errors, future_of, guess_errors, past_origins
from forecasts._season import detect_season, season_lengths
from forecasts._within import within

_CALL: Final = 0.1
"""CPU milliseconds of one method at one origin for one series (700 cells, 48 ahead)."""

_FEWEST_ERRORS: Final = 8
"""With fewer past errors than this, guessed ones make up the number."""


@dataclass(frozen=True, slots=True)
class AutoSettings:
    """What may be set of the ensemble."""

    origins: int = field(default=24, metadata={"help": "Past origins each method is tried from."})
    sharpness: float = field(
        default=3.0, metadata={"help": "Weights are 1 / error to this power; 0 is a plain mean."}
    )
    tolerance: float = field(
        default=1.6, metadata={"help": "A method worse than the best by this factor is left out."}
    )
    budget: float = field(
        default=100.0,
        metadata={
            "help": "CPU milliseconds a series may cost; fewer origins are tried to keep to it."
        },
    )
    longest_season: int = field(
        default=400, metadata={"help": "Longest season looked for where the step tells none."}
    )


class Auto:
    """Forecasts by a validation-weighted mean of cheap methods; see the module's text."""

    version = "auto/1"
    cost = 2.0

    def __init__(self, settings: AutoSettings) -> None:
        self._settings = settings

    def update(self, model: State | None, panel: Panel) -> State:
        """Learns nothing beforehand: weights come from the panel's own past."""
        del model
        return State(self.version, {"unit": np.arange(len(panel.series))})

    def forecast(
        self, model: State, panel: Panel, horizon: int, levels: FloatArray, known: Known
    ) -> Forecast:
        """Returns quantiles and error paths around the weighted mean.

        Raises:
            NotEnoughHistory: No row has a single good cell.
        """
        del model
        history = read_history(panel, minimum=1, most_missing=0.9)
        reason = np.where(history.reason == Abstention.MISSING, history.reason, 0).astype(np.uint8)
        rows = np.flatnonzero(reason == 0)
        if len(rows) == 0:
            raise NotEnoughHistory(f"none of {len(panel.series)} series has a value")
        n = len(panel.series)
        quantiles = np.full((n, horizon, len(levels)), np.nan)
        paths: list[tuple[IntArray, FloatArray]] = []
        for some in _alike(history.age[rows]):
            chosen = rows[some]
            age = int(history.age[chosen].min())
            past = history.values[chosen][:, -age:]
            centre, errors, guessed = self._combine(past, horizon, panel)
            bands, widening = make_bands(errors, guessed)
            future = centre[:, None, :] + errors * widening[:, None, None]
            paths.append((chosen, within(future, known, chosen)))
            around = centre[:, :, None] + bands.at(levels)
            quantiles[chosen] = within(around, known, chosen)
        most = max(future.shape[1] for _, future in paths)
        whole = np.full((n, most, horizon), np.nan, dtype=np.float32)
        for chosen, future in paths:
            whole[chosen] = future[:, np.arange(most) % future.shape[1]]
        end = int(panel.times[-1]) + panel.step_ns
        return Forecast(
            panel.series, end, panel.step, levels, quantiles, reason, "auto", self.version, whole
        )

    def _combine(
        self, past: FloatArray, horizon: int, panel: Panel
    ) -> tuple[FloatArray, FloatArray, int]:
        """Returns the weighted mean ``(n, horizon)``, error paths, and how many were guessed."""
        width = past.shape[1]
        seasons = [] if panel.ordinal else season_lengths(panel.step, width)
        if not seasons:
            found = detect_season(past, self._settings.longest_season)
            seasons = [found] if found else []
        # A longer season of which two do not fit before the newest origin is left out.
        seasons = [s for s in seasons if width - horizon >= 2 * s + 1 or s == seasons[0]]
        origins = past_origins(width, horizon, self._settings.origins, seasons)
        members = choose_members(seasons, min(origins, default=width), horizon)
        origins = origins[: affordable_origins(self._settings.budget, len(members))]
        now = np.stack([member(past, horizon) for member in members])
        if not origins:
            return now[0], guess_errors(past, horizon, _FEWEST_ERRORS), _FEWEST_ERRORS
        tried = np.stack([[m(past[:, :o], horizon) for o in origins] for m in members])
        truth = np.stack([future_of(past, o, horizon) for o in origins])
        missed = np.abs(tried - truth)
        error = np.nanmean(missed, axis=(1, 3))
        scale = np.nanmean(np.abs(np.diff(past, axis=1)), axis=1) + 1e-12
        error = error + 1e-3 * scale
        weight = (error.min(axis=0) / error) ** self._settings.sharpness
        weight[error > self._settings.tolerance * error.min(axis=0)] = 0.0
        weight /= weight.sum(axis=0)
        centre = np.einsum("mn,mnh->nh", weight, now)
        mean = np.einsum("mn,monh->onh", weight, tried)
        errors = fill_errors(np.moveaxis(truth - mean, 0, 1))
        # An origin whose future has hardly come yet is no whole witness.
        seen = sum(min(width - o, horizon) for o in origins) / horizon
        lacking = _FEWEST_ERRORS - int(seen)
        if lacking > 0:
            errors = np.concatenate([errors, guess_errors(past, horizon, lacking)], axis=1)
        return centre, errors, max(lacking, 0)


def affordable_origins(budget: float, members: int) -> int:
    """Returns how many past origins a series can be tried from, the newest first; at least two.

    >>> affordable_origins(100.0, 16), affordable_origins(10.0, 16), affordable_origins(0.0, 16)
    (61, 5, 2)
    """
    return max(2, int(budget / (_CALL * members)) - 1)


def choose_members(seasons: Sequence[int], width: int, horizon: int) -> list[Member]:
    """Returns the methods that a history of this width allows, the simplest first."""
    day = seasons[0] if seasons else 0
    members: list[Member] = [repeat_last]
    if width >= 8:
        members.append(partial(damp_trend, cells=max(8, min(width, 2 * horizon))))
        members.append(partial(damp_trend, cells=max(8, width // 2), damping=1.0))
        members.append(partial(smooth_theta, season=day))
    lags = seasonal_lags(seasons, width)
    if width >= 4 * len(lags) + 8:
        members.append(partial(regress_lags, lags=lags, kept=900))
        members.append(partial(regress_logarithms, lags=lags, kept=900))
    if day and width >= 5 * day:
        near = [lag for lag in seasonal_lags([day], width - day) if lag <= 4 * day]
        members.append(partial(regress_differences, season=day, lags=near, kept=500))
        # Alike over a whole day, over a quarter of it, and over its last few cells.
        lengths = {max(2, day // part) for part in (1, 4, 8)}
        members += [partial(follow_likeness, season=day, length=n) for n in sorted(lengths)]
    for longer in seasons[1:]:
        # Two of them lie before the oldest origin's past; what differs is told by the last days.
        short = [lag for lag in seasonal_lags([day], width - longer) if lag <= 3 * day]
        if width - longer >= 4 * len(short) + 8:
            members.append(partial(regress_differences, season=longer, lags=short, kept=500))
    for season in seasons:
        members.append(partial(repeat_season, season=season))
        members.append(partial(average_seasons, season=season))
    return members


def _alike(age: IntArray) -> list[IntArray]:
    """Groups rows whose histories are alike in length, within a tenth."""
    bucket = np.round(np.log(np.maximum(age, 1)) / np.log(1.1)).astype(np.int64)
    return [np.flatnonzero(bucket == b) for b in np.unique(bucket)]


PLUGIN: Final = Plugin(
    "Mean of cheap methods, weighted by their errors on the series' own last windows",
    AutoSettings,
    Auto,
    tags=("fleet", "paths"),
)
