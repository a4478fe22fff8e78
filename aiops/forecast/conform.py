"""Bands that keep what they promise: widened by what held in the series' own past, and how well.

The forecaster is asked again from past origins, oldest first, seeing only what came before each.
A band is widened by the factor that would have held so many of the earlier cells; where it fell
short at an origin, the next is asked for more (adaptive). What these bands held at the origins
after the first is the coverage that is shown beside the forecast.

Source: conformal intervals scaled by the model's own width (Romano, Patterson and Candès, 2019);
adaptive levels (Gibbs and Candès, 2021).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aiops.contracts.errors import NotEnoughHistory
from aiops.domain.forecast import Coverage, Forecast
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.forecast.describe import day_cells

Ask = Callable[[Panel, int], Forecast]
"""``ask(panel, horizon)``: the forecast of one row, as it is."""

_ORIGINS: Final = 12
_FEWEST_CELLS: Final = 24
_FEWEST_DAYS: Final = 6
_RATE: Final = 0.1
"""Share of a miss that is made up for at the next origin: a dozen origins are few, so faster than
the 0.005 of the source, which had thousands."""

_SHRINK: Final = 3.0
"""Origins after which the past weighs as much as the band's own promise."""

_WIDEST: Final = 4.0


def conform(raw: Forecast, panel: Panel, ask: Ask) -> Forecast:
    """Returns the forecast of one row with bands that its past would have held.

    Args:
        raw: The forecast from the panel's end; its levels come in pairs about the median.
        panel: One row.
    """
    levels = raw.levels
    pairs = [(j, len(levels) - 1 - j) for j in range(len(levels) // 2)]
    even = all(abs(levels[a] + levels[b] - 1) < 1e-9 for a, b in pairs)
    if raw.reason[0] or not pairs or not even or len(levels) % 2 == 0:
        return raw
    needed = list(_needed(raw, panel, ask))
    if len(needed) < 2:
        return raw
    quantiles = raw.quantiles.copy()
    middle = quantiles[:, :, len(levels) // 2, None]
    coverage = []
    for place, (low, high) in enumerate(pairs):
        promised = round(float(levels[high] - levels[low]), 9)
        played = _play(promised, [each[place] for each in needed])
        coverage.append(Coverage(promised, played.held, played.cells))
        both = [low, high]
        quantiles[:, :, both] = middle + (quantiles[:, :, both] - middle) * played.factor
    # A wider band that was widened less must not lie inside a narrower one.
    half = len(levels) // 2
    quantiles[:, :, half:] = np.maximum.accumulate(quantiles[:, :, half:], axis=2)
    inward = quantiles[:, :, half::-1]
    quantiles[:, :, half::-1] = np.minimum.accumulate(inward, axis=2)
    return replace(raw, quantiles=quantiles, coverage=tuple(coverage))


def _needed(raw: Forecast, panel: Panel, ask: Ask) -> list[list[FloatArray]]:
    """Returns, for each past origin and pair, the factor each cell would have needed."""
    usable, width = panel.usable[0], len(panel.times)
    begun = int(usable.argmax())
    first = begun + max(_FEWEST_CELLS, (width - begun) // 4)
    horizon = min(raw.horizon, (width - first) // 2)
    if horizon < 1:
        return []
    count, found = len(raw.levels), []
    for origin in _origins(first, width - horizon, day_cells(panel)):
        try:
            told = ask(panel.columns(0, origin), horizon)
        except NotEnoughHistory:
            continue
        seen = usable[origin : origin + horizon]
        if told.reason[0] or not seen.any():
            continue
        truth = panel.values[0, origin : origin + horizon][seen]
        said = told.quantiles[0, seen]
        middle = said[:, count // 2]
        off = np.abs(truth - middle)
        sides = [
            np.where(truth < middle, middle - said[:, j], said[:, count - 1 - j] - middle)
            for j in range(count // 2)
        ]
        found.append(
            [
                np.where(off > 0, np.minimum(off / np.maximum(side, 1e-300), 1e6), 0.0)
                for side in sides
            ]
        )
    return found


def _origins(first: int, newest: int, day: int) -> list[int]:
    """Returns past origins, oldest first; at this hour of the day, where enough days are known.

    What errs by day and not by night would else be judged by the other's errors.
    """
    origins = np.linspace(first, newest, _ORIGINS).astype(int)
    if day and (newest - first) // day >= _FEWEST_DAYS:
        back = np.round((newest - origins) / day).astype(int) * day
        origins = newest - back[newest - back >= first]
    return [int(origin) for origin in np.unique(origins)]


@dataclass(frozen=True, slots=True)
class _Played:
    """The factor for now, and the share of past cells that such factors held."""

    factor: float
    held: float
    cells: int


def _play(promised: float, needed: list[FloatArray]) -> _Played:
    """Goes through the origins in time, choosing each factor from those before."""
    asked, factor = promised, 1.0
    held = cells = 0
    for number, each in enumerate(needed):
        inside = float(np.mean(each <= factor))
        if number:
            held += int((each <= factor).sum())
            cells += len(each)
            asked = float(np.clip(asked + _RATE * (promised - inside), promised / 2, 0.999))
        before = np.concatenate(needed[: number + 1])
        # Cells of one origin share their fate: origins count, not cells.
        own = float(np.quantile(before, asked))
        weight = (number + 1) / (number + 1 + _SHRINK)
        factor = float(np.clip(own**weight if own > 0 else 0.5, 0.5, _WIDEST))
    return _Played(factor, held / max(cells, 1), cells)
