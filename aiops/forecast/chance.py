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
_ERRORS: Final = ALL_NAMES.index("by_errors")
_RISES: Final = ALL_NAMES.index("rise_share")
_RISES_HOUR: Final = ALL_NAMES.index("rise_share_hour")
_AGE: Final = ALL_NAMES.index("age")
_REPEATS: Final = ALL_NAMES.index("repeats")

PRIOR_FILE: Final = "prior.txt"
FEWEST_EVENTS: Final = 10
"""Fewer crossings, or fewer calm moments, than this teach nothing yet."""

_LEAST: Final = 0.002
"""Nothing is certain: one in five hundred is the least and, from one, the most."""

_DAILY: Final = 0.1
"""Changes that correlate less than this with those a day before have no daily shape."""

_SHARE: Final = 0.5
_SHARE_TAUGHT: Final = 0.25
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
        learnt_from: Origins in the fleet's past that it has stood the test of, 0 for none.
    """

    correction: str = ""
    learnt_from: int = 0

    def tell(self, described: NDArray[np.float32]) -> FloatArray:
        """Returns ``(n,)`` probabilities of rows of ``ALL_NAMES``."""
        if not len(described):
            return np.zeros(0)
        odds = read_trees(_prior()).ask(described)
        odds = _hear(odds, described, taught=bool(self.correction))
        if self.correction:
            odds = odds + read_trees(self.correction).ask(described)
        return np.asarray(np.clip(1.0 / (1.0 + np.exp(-odds)), _LEAST, 1 - _LEAST))


def _hear(odds: FloatArray, described: NDArray[np.float32], *, taught: bool) -> FloatArray:
    """Gives other opinions than the trees' a say.

    Where errors around a forecast were asked, they speak, and with them how often the series has
    risen that much (at this hour, where there is a daily shape): half a say, a quarter once the
    fleet has taught, for it has shown how its members end. Replayed trends speak where the limit
    would be a new record, for there the past has nothing alike to count. Where nothing else was
    asked their say is the horizon's share of the history, at most half: the more often the past
    holds a horizon, the more there is for the trees to count.

    Source: opinions pooled as log odds (Genest and Zidek, 1986).
    """
    told = described.astype(np.float64)
    errors = told[:, _ERRORS]
    asked = np.isfinite(errors)
    at_hour = np.where(told[:, _REPEATS] > _DAILY, told[:, _RISES_HOUR], np.nan)
    rises = np.where(np.isfinite(at_hour), at_hour, told[:, _RISES])
    trend = np.where(is_new(described) & (asked | (not taught)), told[:, _TREND], np.nan)
    opinions = _log_odds(np.stack([errors, np.where(asked, rises, np.nan), trend]))
    heard = np.isfinite(opinions)
    pooled = np.where(heard, opinions, 0.0).sum(axis=0) / np.maximum(heard.sum(axis=0), 1)
    most = _SHARE_TAUGHT if taught else _SHARE
    share = np.where(asked, most, np.minimum(most, np.exp(-told[:, _AGE])))
    return np.where(heard.any(axis=0), (1 - share) * odds + share * pooled, odds)


def _log_odds(share: FloatArray) -> FloatArray:
    held = np.clip(share, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(held / (1 - held)))


def is_new(described: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Returns ``(n,)`` whether the limit lies beyond everything the history has seen."""
    return np.asarray(described[:, _RECORD] > 0)


def teaches(crossed: NDArray[np.bool_]) -> bool:
    """Returns whether origins hold crossings and calm moments enough to learn from."""
    events = int(crossed.sum())
    return min(events, len(crossed) - events) >= FEWEST_EVENTS


def learn_chance(described: NDArray[np.float32], crossed: NDArray[np.bool_]) -> Chance:
    """Learns from origins whose outcome is known; the bare prior where there are too few.

    Args:
        described: ``(n, len(ALL_NAMES))``.
        crossed: ``(n,)`` whether the limit was met within the horizon.
    """
    import lightgbm as lgb

    if not teaches(crossed):
        return Chance()
    odds = read_trees(_prior()).ask(described)
    data = lgb.Dataset(described, crossed.astype(float), init_score=odds)
    settings: dict[str, Any] = dict(_CORRECTION)
    return Chance(lgb.train(settings, data, _ROUNDS).model_to_string(), len(crossed))


@lru_cache(maxsize=1)
def _prior() -> str:
    return files("aiops.forecast").joinpath(PRIOR_FILE).read_text("utf-8")
