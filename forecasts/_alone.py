"""One cheap member of the ensemble by itself, with bands of its own past errors."""

from collections.abc import Callable
from typing import Final

import numpy as np

from aiops.domain.series import FloatArray
from forecasts._bands import make_bands
from forecasts._each import EachRow, Future, Past
from forecasts._members import Member
from forecasts._season import season_lengths

ORIGINS: Final = 12
"""Past origins, and so error paths, of each row."""


def alone(
    name: str, version: str, cost: float, make: Callable[[int], Member], minimum: int = 8
) -> EachRow:
    """Returns a forecaster made of one member; ``make(season)`` builds it, 0 is no season."""

    def fit(past: Past) -> Future:
        values = past.values[None, :]
        lengths = season_lengths(past.step, len(past.values))
        member = make(lengths[0] if lengths else 0)
        centre = member(values, past.horizon)
        errors = _past_errors(member, values, past.horizon, 2 * lengths[0] if lengths else 4)
        bands, widening = make_bands(errors)
        spread = (centre[:, None] + errors * widening[:, None, None])[0]
        return Future(
            (centre[:, :, None] + bands.at(past.levels))[0],
            spread[np.arange(ORIGINS) % len(spread)],
        )

    return EachRow(name, version, cost, fit, minimum, ORIGINS)


def _past_errors(member: Member, past: FloatArray, horizon: int, least: int) -> FloatArray:
    """Returns ``(1, n_origins, horizon)`` errors; a future cut short goes on with root of time."""
    width = past.shape[1]
    newest = max(width - horizon, (width + least) // 2, least + 1)
    oldest = min(least + 1, width - 1)
    origins = np.unique(np.linspace(oldest, min(newest, width - 1), ORIGINS).astype(int))
    errors = []
    for origin in origins.tolist():
        after = past[:, origin : origin + horizon]
        error = after - member(past[:, :origin], horizon)[:, : after.shape[1]]
        count = error.shape[1]
        if count < horizon:
            grown = error[:, -1:] * np.sqrt(np.arange(count + 1, horizon + 1) / count)
            error = np.concatenate([error, grown], axis=1)
        errors.append(error)
    return np.stack(errors, axis=1)
