"""MSTL: daily and weekly shapes taken out by loess, the rest by simple smoothing.

When it works: two seasons at once. When it does not: a short history, sudden changes of shape;
bands come from what the decomposition leaves, and grow with the root of time.

Source: Bandara, Hyndman and Bergmeir (2021), as in statsmodels.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.contracts.plugin import Plugin
from forecasts._each import FUTURES, SEED, EachRow, Future, Past, normal_quantiles
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

    def fit(past: Past) -> Future:
        recent = past.values[-settings.cells :]
        lengths = season_lengths(past.step, len(recent) - 1)
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
        ahead = np.full(past.horizon, level)
        for place, length in enumerate(lengths):
            ahead += shape[-length:, place][np.arange(past.horizon) % length]
        growth = 1 + _ALPHA**2 * np.arange(past.horizon)
        surprise = np.random.default_rng(SEED).normal(0, errors.std(), (FUTURES, past.horizon))
        carried = _ALPHA * (np.cumsum(surprise, axis=1) - surprise)
        spread = errors.std() * np.sqrt(growth)
        return Future(normal_quantiles(ahead, spread, past.levels), ahead + surprise + carried)

    return EachRow("mstl", "mstl/2", 100.0, fit)


PLUGIN: Final = Plugin(
    "Daily and weekly shapes by loess, the rest smoothed (statsmodels)",
    MstlSettings,
    create,
    tags=("one by one", "paths"),
)
