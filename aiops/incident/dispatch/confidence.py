"""How sure an answer is, and from where on it may be trusted.

The margin between the best and the second label becomes a probability through an isotonic
curve over tickets the model had not seen. The threshold for a promised precision is found by
fixed-sequence testing from the most certain tickets downwards, so that the promise holds on
new tickets with 90 % confidence and not only on average over luck.

Source: Zadrozny, Elkan, "Transforming classifier scores into accurate multiclass probability
estimates", 2002; Angelopoulos et al., "Learn then test", 2021, section 4.1.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray

RISK: Final = 0.1
"""Probability that the promised precision is missed."""
_STARTS: Final = (0.05, 0.2, 0.4)
"""Shares of tickets at which a test sequence starts; the risk is split over them."""
_STEP: Final = 0.02


@dataclass(frozen=True, slots=True)
class Calibration:
    """Tickets that were answered unseen.

    Attributes:
        margin: ``(n,)`` descending.
        right: ``(n,)`` whether the answer was right.
        knots, chance: The curve from margin to probability, both ascending.
        era: ``(n,)`` which stretch of time a ticket is from; a promise must hold in each.
    """

    margin: FloatArray
    right: NDArray[np.bool_]
    knots: FloatArray
    chance: FloatArray
    era: NDArray[np.uint8]

    def probability(self, margin: FloatArray) -> FloatArray:
        """Returns the probability that an answer with this margin is right."""
        if not len(self.knots):
            return np.full(len(margin), 0.5)
        return np.interp(margin, self.knots, self.chance)

    def threshold(self, precision: float) -> float:
        """Returns the lowest margin that keeps the precision; infinite where none does.

        Args:
            precision: Wanted share of right answers among those not withheld, 0 to 1.
        """
        eras = [self.era == era for era in np.unique(self.era)]
        found = [_lowest(self.margin[rows], self.right[rows], precision) for rows in eras]
        return max(found, default=float("inf"))


def _lowest(margin: FloatArray, right: NDArray[np.bool_], precision: float) -> float:
    n = len(margin)
    rights = np.cumsum(right)
    best = 0
    for start in _STARTS:
        size = int(np.ceil(start * n))
        while 0 < size <= n and _keeps(int(rights[size - 1]), size, precision):
            best = max(best, size)
            if size == n:
                break
            size = min(n, size + max(int(_STEP * n), 1))
    return float(margin[best - 1]) if best else float("inf")


def _keeps(right: int, size: int, precision: float) -> bool:
    """One-sided exact binomial test (Clopper and Pearson, 1934)."""
    from scipy.stats import beta

    if not right:
        return False
    return float(beta.ppf(RISK / len(_STARTS), right, size - right + 1)) >= precision


def calibrate(
    margin: FloatArray, right: NDArray[np.bool_], era: NDArray[np.uint8] | None = None
) -> Calibration:
    """Returns the calibration learned from answers on unseen tickets."""
    order = np.argsort(-margin, kind="stable")
    margin, right = margin[order], right[order]
    eras = np.zeros(len(margin), np.uint8) if era is None else era[order]
    knots, chance = _curve(margin[::-1], right[::-1])
    return Calibration(margin, right, knots, chance, eras)


def _curve(margin: FloatArray, right: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Isotonic regression by pooling neighbours, joined at the centres of the pools.

    Each pool is shrunk as if one more right and one more wrong answer stood in it, so that no
    probability is 0 or 1.
    """
    pools: list[tuple[int, float, float]] = []  # size, rights, sum of margins
    step = max(len(margin) // 200, 1)
    for start in range(0, len(margin), step):
        part = slice(start, start + step)
        pool = (len(right[part]), float(right[part].sum()), float(margin[part].sum()))
        while pools and pools[-1][1] / pools[-1][0] >= pool[1] / pool[0]:
            last = pools.pop()
            pool = (last[0] + pool[0], last[1] + pool[1], last[2] + pool[2])
        pools.append(pool)
    knots = np.array([total / size for size, _, total in pools])
    chance = np.array([(rights + 1.0) / (size + 2.0) for size, rights, _ in pools])
    return knots, np.maximum.accumulate(chance) if len(chance) else chance
