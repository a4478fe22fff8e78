"""What the fleet's own past teaches about P(limit is met): origins whose outcome is known.

Each past cell of a series with a limit is a question whose answer has come since. A correction
of the prior is learnt from them for each metric, and kept only if it would have told the last
quarter of them better than the prior had (champion and challenger); else the prior stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from aiops.domain.instant import duration, duration_ns
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.step import DAY
from aiops.forecast.chance import Chance, learn_chance, teaches
from aiops.forecast.describe import describe_rows
from aiops.forecast.limits import is_met
from aiops.forecast.relative import ReadPanel, read_seen
from aiops.forecast.resolution import Request, history_step
from aiops.forecast.settings import ForecastSettings

MOST_ORIGINS: Final = 4000
"""More teach little more: neighbours in time share their outcome."""

EVERY: Final = 7 * DAY
"""Lessons are learnt anew at each start of a week, UTC, from what lies before it: a service that
was stopped learns the same as one that was not."""

_SPAN: Final = 56 * DAY
_FEWEST_CELLS: Final = 24


@dataclass(frozen=True, slots=True)
class Lessons:
    """Origins in the order of time.

    Attributes:
        described: ``(n, n_names)`` margins at each origin.
        crossed: ``(n,)`` whether the limit was met within the horizon.
    """

    described: NDArray[np.float32]
    crossed: NDArray[np.bool_]

    @classmethod
    def of(
        cls, panel: Panel, limits: FloatArray, up: NDArray[np.bool_], horizon: int, width: int
    ) -> Self:
        """Looks back from past cells, half a horizon apart, over ``width`` cells each."""
        n, cells = panel.values.shape
        stride = max(1, horizon // 2, -(-n * cells // MOST_ORIGINS))
        told, came = [], []
        first = int(np.flatnonzero(panel.usable.any(axis=0))[0]) if panel.usable.any() else cells
        for origin in range(first + _FEWEST_CELLS, cells, stride):
            past = panel.columns(max(0, origin - width), origin)
            age = past.values.shape[1] - past.usable.argmax(axis=1)
            ahead = np.minimum(horizon, age)
            after = panel.columns(origin, min(cells, origin + horizon))
            over = is_met(after.values, limits[:, None], up[:, None]) & after.usable
            over &= np.arange(over.shape[1]) < ahead[:, None]
            crossed = np.asarray(over.any(axis=1))
            known = np.asarray(crossed | (origin + ahead <= cells))
            asked = np.asarray(_may_be_asked(past, limits, up) & known)
            rows = np.flatnonzero(asked)
            if len(rows):
                part = past.take(rows)
                told.append(describe_rows(part, limits[rows], up[rows], ahead[rows]))
                came.append(crossed[rows])
        if not told:
            return cls(np.empty((0, 0), dtype=np.float32), np.empty(0, dtype=bool))
        return cls(np.concatenate(told), np.concatenate(came))

    def learn(self) -> Chance:
        """Returns the corrected prior, or the prior where it tells the latest origins better.

        The prior has seen none of the origins. Where it tells them better than their own rate, it
        has stood the test of this fleet (``learnt_from``); so has a correction that beats it.
        """
        cut = 3 * len(self.crossed) // 4
        challenger = learn_chance(self.described[:cut], self.crossed[:cut])
        if challenger.correction and self._beaten_by(challenger, cut):
            return learn_chance(self.described, self.crossed)
        rate = float(np.mean(self.crossed)) if len(self.crossed) else 0.0
        stands = teaches(self.crossed) and self._missed(Chance()) < rate * (1 - rate)
        return Chance(learnt_from=len(self.crossed) if stands else 0)

    def _beaten_by(self, challenger: Chance, since: int) -> bool:
        return self._missed(challenger, since) < self._missed(Chance(), since)

    def _missed(self, chance: Chance, since: int = 0) -> float:
        """Returns the Brier score of the origins from one on."""
        told = chance.tell(self.described[since:])
        return float(np.mean((told - self.crossed[since:]) ** 2))


def _may_be_asked(past: Panel, limits: FloatArray, up: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns rows that are watched, have a history and are not beyond their limit already."""
    usable = past.usable
    last = past.values.shape[1] - 1 - usable[:, ::-1].argmax(axis=1)
    rows: IntArray = np.arange(len(limits))
    value = past.values[rows, last]
    fresh = last >= past.values.shape[1] - 2
    enough = usable.sum(axis=1) >= _FEWEST_CELLS
    return np.asarray(enough & fresh & ~is_met(value, limits, up))


def learn_chances(
    requests: Sequence[Request],
    read: ReadPanel,
    until: int,
    settings: ForecastSettings,
) -> dict[str, Chance]:
    """Returns a corrected prior for each metric whose past has something to teach.

    Args:
        read: ``read(ids, start, end, step)``, times in ns.
        until: In ns; nothing later is looked at.
    """
    longest = duration_ns(settings.history)
    groups: dict[tuple[str, int], list[Request]] = {}
    for request in requests:
        age = until - request.first_ns
        if age > _FEWEST_CELLS * request.step_ns:
            step = history_step(min(age, longest), request.step_ns)
            groups.setdefault((request.key.metric, step), []).append(request)
    chances: dict[str, Chance] = {}
    # Of the resolutions of a metric, that of the most series comes last and stays.
    for (metric, step), asked in sorted(groups.items(), key=lambda group: len(group[1])):
        end = until // step * step
        seen = read_seen(read, asked, end - _SPAN // step * step, end, duration(step))
        lessons = Lessons.of(
            seen.panel,
            np.array([request.limit for request in asked]),
            np.array([request.direction is not Direction.DOWN for request in asked], dtype=bool),
            max(1, duration_ns(settings.horizon) // step),
            max(1, longest // step),
        )
        learnt = lessons.learn() if len(lessons.crossed) else Chance()
        if learnt.learnt_from:
            chances[metric] = learnt
    return chances
