"""One cheap member of the ensemble by itself, with bands of its own past errors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aiops.contracts.errors import NotEnoughHistory
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.domain.state import State
from forecasts._bands import make_bands
from forecasts._history import read_history
from forecasts._members import Member
from forecasts._season import season_lengths
from forecasts._within import within

ORIGINS = 12


@dataclass(frozen=True, slots=True)
class Alone:
    """A forecaster made of one member; ``make(season)`` builds it, 0 is no season."""

    name: str
    version: str
    cost: float
    make: Callable[[int], Member]
    minimum: int = 8

    def update(self, model: State | None, panel: Panel) -> State:
        """Learns nothing beforehand."""
        del model
        return State(self.version, {"unit": np.arange(len(panel.series))})

    def forecast(
        self, model: State, panel: Panel, horizon: int, levels: FloatArray, known: Known
    ) -> Forecast:
        """Returns quantiles and error paths.

        Raises:
            NotEnoughHistory: No row has enough good cells.
        """
        del model
        history = read_history(panel, self.minimum)
        rows = np.flatnonzero(history.reason == 0)
        if not len(rows):
            raise NotEnoughHistory(
                f"none of {len(panel.series)} series has {self.minimum} good cells that change"
            )
        n = len(panel.series)
        quantiles = np.full((n, horizon, len(levels)), np.nan)
        paths = np.full((n, ORIGINS, horizon), np.nan, dtype=np.float32)
        for row in rows.tolist():
            past = history.values[row : row + 1, history.start[row] :]
            lengths = [] if panel.ordinal else season_lengths(panel.step, past.shape[1])
            member = self.make(lengths[0] if lengths else 0)
            centre = member(past, horizon)
            errors = _past_errors(member, past, horizon, 2 * lengths[0] if lengths else 4)
            bands, widening = make_bands(errors)
            quantiles[row] = within((centre[:, :, None] + bands.at(levels))[0], known, row)
            spread = centre[:, None] + errors * widening[:, None, None]
            held = within(spread[0], known, row)
            paths[row] = held[np.arange(ORIGINS) % len(held)]
        end = int(panel.times[-1]) + panel.step_ns
        return Forecast(
            panel.series, end, panel.step, levels, quantiles, history.reason, self.name,
            self.version, paths,
        )  # fmt: skip


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
