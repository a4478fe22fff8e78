"""MSTL: daily and weekly shapes taken out by loess, the rest by simple smoothing with drift.

When it works: two seasons at once. When it does not: a short history, sudden changes of shape;
bands come from what the decomposition leaves, and grow with the root of time.

Source: Bandara, Hyndman and Bergmeir (2021), as in statsmodels.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.contracts.plugin import Plugin
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from forecasts._each import EachRow, normal_quantiles
from forecasts._season import season_lengths

_ALPHA: Final = 0.3
"""Usual weight of the newest value where none is fitted (Brown, 1959: 0.1 to 0.3)."""


@dataclass(frozen=True, slots=True)
class MstlSettings:
    """What may be set of MSTL."""

    cells: int = field(default=1000, metadata={"help": "Newest cells to decompose."})


def create(settings: MstlSettings) -> EachRow:
    """Builds the forecaster.

    Raises:
        ImportError: statsmodels is not installed.
    """
    from statsmodels.tsa.seasonal import MSTL

    def fit(
        values: FloatArray, horizon: int, levels: FloatArray, panel: Panel, row: int
    ) -> FloatArray:
        del row
        recent = values[-settings.cells :]
        lengths = [] if panel.ordinal else season_lengths(panel.step, len(recent) - 1)
        shape = np.zeros((len(recent), 0))
        if lengths:
            shape = np.asarray(MSTL(recent, periods=tuple(lengths)).fit().seasonal)
            shape = shape.reshape(len(recent), -1)
        rest = recent - shape.sum(axis=1)
        level = rest[0]
        errors = np.zeros(len(rest))
        for k in range(1, len(rest)):
            errors[k] = rest[k] - level
            level += _ALPHA * errors[k]
        ahead = np.full(horizon, level)
        for place, length in enumerate(lengths):
            ahead += shape[-length:, place][np.arange(horizon) % length]
        growth = 1 + _ALPHA**2 * np.arange(horizon)
        return normal_quantiles(ahead, errors.std() * np.sqrt(growth), levels)

    return EachRow("mstl", "mstl/1", 100.0, fit)


PLUGIN: Final = Plugin(
    "Daily and weekly shapes by loess, the rest smoothed (statsmodels)",
    MstlSettings,
    create,
    tags=("one by one",),
)
