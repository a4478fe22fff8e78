"""P(limit is met within the horizon), told from margins by boosted trees.

A prior, learnt on generated fleets (``bench/prior.py``), answers from the first day. What the
fleet itself has shown since is learnt on top: a few small trees that start from the prior's log
odds and are held back, so that little evidence changes little.

Source: LightGBM (Ke et al., 2017); boosting from an offset is a shrunken correction of it
(Friedman, 2001).
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray
from aiops.forecast.margins import NAMES
from aiops.forecast.trees import read_trees

ALL_NAMES: Final = (*NAMES, "by_trend", "by_errors")
"""The margins, and what two forecasters say: NaN where they were not asked."""

_RECORD: Final = ALL_NAMES.index("over_record")
_TREND: Final = ALL_NAMES.index("by_trend")

PRIOR_FILE: Final = "prior.txt"
FEWEST_EVENTS: Final = 10
"""Fewer crossings, or fewer calm moments, than this teach nothing yet."""

_LEAST: Final = 0.002
"""Nothing is certain: one in five hundred is the least and, from one, the most."""

_ROUNDS: Final = 80
_CORRECTION: Final = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 6,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 20.0,
    "max_bin": 63,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True, slots=True)
class Chance:
    """Tells probabilities: the prior's, corrected by what the fleet has shown.

    Attributes:
        correction: Trees as text, added to the prior's log odds; empty for none.
        learnt_from: Origins in the past that the correction was learnt from.
    """

    correction: str = ""
    learnt_from: int = 0

    def tell(self, described: NDArray[np.float32]) -> FloatArray:
        """Returns ``(n,)`` probabilities of rows of ``ALL_NAMES``."""
        if not len(described):
            return np.zeros(0)
        odds = read_trees(_prior()).ask(described)
        if self.correction:
            odds = odds + read_trees(self.correction).ask(described)
        else:
            odds = _hear_trend(odds, described)
        return np.asarray(np.clip(1.0 / (1.0 + np.exp(-odds)), _LEAST, 1 - _LEAST))


def _hear_trend(odds: FloatArray, described: NDArray[np.float32]) -> FloatArray:
    """Gives replayed trends half a say where the limit would be a new record.

    There the past has nothing alike to count, and what is filling may fill as nothing did before.
    A fleet that has taught something has shown how its members end, and needs it no more.
    Source: opinions pooled as log odds (Genest and Zidek, 1986).
    """
    share = described[:, _TREND].astype(np.float64)
    new = (described[:, _RECORD] > 0) & np.isfinite(share)
    share = np.clip(share, _LEAST, 1 - _LEAST)
    return np.where(new, (odds + np.log(share / (1 - share))) / 2, odds)


def learn_chance(described: NDArray[np.float32], crossed: NDArray[np.bool_]) -> Chance:
    """Learns from origins whose outcome is known; the bare prior where there are too few.

    Args:
        described: ``(n, len(ALL_NAMES))``.
        crossed: ``(n,)`` whether the limit was met within the horizon.
    """
    import lightgbm as lgb

    events = int(crossed.sum())
    if min(events, len(crossed) - events) < FEWEST_EVENTS:
        return Chance()
    odds = read_trees(_prior()).ask(described)
    data = lgb.Dataset(described, crossed.astype(float), init_score=odds)
    settings: dict[str, Any] = dict(_CORRECTION)
    return Chance(lgb.train(settings, data, _ROUNDS).model_to_string(), len(crossed))


@lru_cache(maxsize=1)
def _prior() -> str:
    return files("aiops.forecast").joinpath(PRIOR_FILE).read_text("utf-8")
