"""The likeliest few are asked of an ensemble as well: what its errors say of them.

The trees rank a whole fleet for next to nothing. Those at the top are worth a dearer look: a
forecast whose members are weighed by how well each did on the row's own past, and the errors that
it made there as futures. So many rows are asked as the share of the fleet and the budget of CPU
time allow; the others keep what the trees say, and so does a row whose worker died or was late.

It is asked of limits that a row has met before. Of one that lies beyond everything seen, past
errors hold no example, and do not know that a trend may stop: there the replayed trends speak.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np

from aiops.domain.series import FloatArray, IntArray
from aiops.forecast.limits import is_met
from aiops.forecast.passage import Passage
from aiops.forecast.spread import Shard, Spread, forecaster_of, foretell

WORTH_ASKING: Final = 0.05
"""What is less likely is kept nowhere."""

_FEWEST: Final = 16
"""Of a small fleet so many are asked: a share of few is nobody."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Who is asked, of how many rows, and how long it may take.

    Attributes:
        spread: The forecaster by name, loaded when first a row is worth it, and where it may run.
        share: Of the fleet, and ``budget``: CPU time of one round.
    """

    spread: Spread
    share: float
    budget: timedelta

    def of_part(self, part: float) -> "Ensemble":
        """Returns what falls to a part of the fleet."""
        return replace(self, budget=self.budget * part)

    def pick(self, chances: FloatArray, worth: IntArray, cost: float) -> IntArray:
        """Returns the likeliest of the rows that are worth it, in order of their place.

        Args:
            chances: ``(n,)`` as the trees have it.
            cost: CPU milliseconds of a row.
        """
        affordable = int(self.budget / timedelta(milliseconds=1) / cost)
        most = min(max(_FEWEST, int(self.share * len(chances))), affordable)
        order = np.argsort(-chances[worth], kind="stable")
        return np.asarray(np.sort(worth[order[:most]]), dtype=np.int64)

    def ask(self, chances: FloatArray, asked: Shard) -> tuple[IntArray, Passage]:
        """Returns the rows that were answered, and when the ensemble has them meet their limit."""
        met = is_met(asked.panel.values, asked.limits[:, None], asked.up[:, None])
        been_there = (met & asked.panel.usable).any(axis=1)
        worth = np.flatnonzero((chances >= WORTH_ASKING) & been_there)
        if not len(worth):
            return worth, Passage(*np.empty((4, 0)))
        forecaster = forecaster_of(self.spread)
        rows = self.pick(chances, worth, forecaster.cost)
        told = foretell(forecaster, replace(asked.take(rows), warns=None), self.spread, few=True)
        answered = np.flatnonzero((told.reason == 0) & np.isfinite(told.passage.probability))
        return rows[answered], told.passage.take(answered)
