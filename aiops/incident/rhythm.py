"""How long a silence ends a problem: read off the intervals between alerts.

Intervals inside a problem and between problems differ by orders of magnitude; the boundary is
the widest empty stretch of their logarithms. Where there is none, a mixture of two exponential
laws decides; where one law is enough, alerts come independently and only coincidences join.
"""

from typing import Final

import numpy as np

from aiops.domain.series import FloatArray

_FEWEST: Final = 8
"""Intervals below which nothing can be learned."""
_ABOVE: Final = 3
"""Intervals that must lie above the stretch: one long silence is no law."""
_WIDE: Final = float(np.log(2.5))
"""Width that is not there by chance: the top spacings of n exponential intervals are of the
order 1 / (3 · ln n) on a log scale."""
_COINCIDENCE: Final = 0.05
"""Chance that two independent alerts lie within the gap."""


def learn_gap(intervals: FloatArray) -> float:
    """Returns the longest silence inside one problem, in the unit of the intervals.

    Args:
        intervals: Time since the last related alert, for each alert that has one.

    >>> round(learn_gap(np.array([1.0] * 50 + [10000.0] * 5)), 6)
    100.0
    """
    found = np.sort(intervals[np.isfinite(intervals) & (intervals > 0)])
    if len(found) < _FEWEST:
        return float(found.max()) * 2 if len(found) else 0.0
    logs = np.log(found)
    top = np.searchsorted(logs, np.median(logs))
    steps = np.diff(logs[top : len(logs) - _ABOVE + 1])
    if len(steps) and steps.max() >= _WIDE:
        # The last of the widest: a silence between problems is longer than all inside one.
        place = top + int(np.flatnonzero(steps >= steps.max() * (1 - 1e-9))[-1])
        return float(np.exp((logs[place] + logs[place + 1]) / 2))
    return _by_mixture(found)


def _by_mixture(found: FloatArray) -> float:
    """Two exponential laws by expectation maximisation, or one (Bayesian criterion)."""
    n = len(found)
    one = found.mean()
    alone = -n * np.log(one) - n
    fast, slow, share = float(np.quantile(found, 0.25)), float(np.quantile(found, 0.95)), 0.8
    likelihood = -np.inf
    for _ in range(200):
        a = np.log(share) - np.log(fast) - found / fast
        b = np.log1p(-share) - np.log(slow) - found / slow
        total = np.logaddexp(a, b)
        belongs = np.exp(a - total)
        previous, likelihood = likelihood, float(total.sum())
        if likelihood - previous < 1e-6 * n:
            break
        share = float(np.clip(belongs.mean(), 0.01, 0.99))
        fast = max(float((belongs * found).sum() / belongs.sum()), 1e-9)
        slow = max(float(((1 - belongs) * found).sum() / max((1 - belongs).sum(), 1e-9)), fast)
    if likelihood - alone < 1.5 * np.log(n) or slow < 5 * fast:
        return float(one * _COINCIDENCE)
    odds = np.log(share / (1 - share)) + np.log(slow / fast)
    return float(max(odds, 0.1) / (1 / fast - 1 / slow))
