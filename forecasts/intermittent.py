"""Intermittent: values that are mostly at rest, and now and then something comes.

How it works: whether something comes is told apart from how much, as Croston proposed. The chance
after a cell at rest and after one in which something came are smoothed apart, so that bursts stay
bursts and what has died out goes down. Futures draw whether from those chances, and how much
from what came before.

When it works: errors, retries, restarts, spare parts. When it does not: values without a level
that they rest at; a daily shape, which it does not see.

Source: Croston (1972); smoothing in each cell as in Teunter, Syntetos and Babai (2011); the chain
of two states and sizes drawn from the past as in Willemain, Smart and Schwarz (2004).
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.plugin import Plugin
from forecasts._each import FUTURES, SEED, EachRow, Future, Past

_PRIOR: Final = 0.5
"""Half a cell of each kind is added (Jeffreys): a chance is never 0 or 1."""


@dataclass(frozen=True, slots=True)
class IntermittentSettings:
    """What may be set of intermittent values."""

    smoothing: float = field(
        default=0.01, metadata={"help": "Weight of the newest cell in the chances; 0 to 1."}
    )
    sizes: int = field(default=200, metadata={"help": "Newest occurrences to draw sizes from."})


def create(settings: IntermittentSettings) -> EachRow:
    """Builds the forecaster."""

    def fit(past: Past) -> Future:
        values, counts = np.unique(past.values, return_counts=True)
        rest = values[counts.argmax()]
        moved = past.values != rest
        sizes = past.values[moved][-settings.sizes :]
        chances = smooth_chances(moved, settings.smoothing)
        draws = np.random.default_rng(SEED)
        came = np.full(FUTURES, moved[-1])
        paths = np.full((FUTURES, past.horizon), rest)
        for step in range(past.horizon):
            came = draws.random(FUTURES) < np.where(came, chances[1], chances[0])
            size = sizes[(draws.random(FUTURES) * len(sizes)).astype(np.int64)]
            paths[:, step] = np.where(came, size, rest)
        return Future(np.quantile(paths, past.levels, axis=0).T, paths)

    return EachRow("intermittent", "intermittent/1", 1.0, fit)


def smooth_chances(moved: NDArray[np.bool_], weight: float) -> tuple[float, float]:
    """Returns the chance that something comes after a cell at rest, and after one where it came.

    >>> calm, busy = smooth_chances(np.array([0, 1, 1, 1, 0, 0, 0, 0]) == 1, 0.01)
    >>> round(calm, 2), round(busy, 2)
    (0.29, 0.62)
    """
    age = np.arange(len(moved) - 1)[::-1]
    share = (1 - weight) ** age
    chances = []
    for state in (False, True):
        seen = np.where(moved[:-1] == state, share, 0.0)
        came = float(seen[moved[1:]].sum())
        chances.append((came + _PRIOR) / (float(seen.sum()) + 2 * _PRIOR))
    return chances[0], chances[1]


PLUGIN: Final = Plugin(
    "Values at rest to which something comes now and then: whether and how much apart (Croston)",
    IntermittentSettings,
    create,
    tags=("one by one", "paths"),
)
