"""Boosted trees on window features, for a dozen failed units or more.

Trees learn the remaining life up to a horizon beyond which the sensors carry no signal; the
horizon is found on the history. Bands come from predictions of units that the trees had not
seen, compared with what really remained to them, by the level of the prediction.

Source: LightGBM (Ke et al., 2017); piece-wise remaining life (Heimes, 2008); cross-conformal
bands (Vovk, 2015), conditional on the prediction as in Boström et al. (2017).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from aiops.domain.lives import Lives
from aiops.domain.series import FloatArray, IntArray
from aiops.forecast.life.features import unit_features, window_lengths
from aiops.forecast.trees import read_trees

if TYPE_CHECKING:
    import lightgbm as lgb

FEWEST_UNITS: Final = 8
_FOLDS: Final = 5
_SEEDS: Final = 3
_ROUNDS: Final = 300
_MOST_ROWS: Final = 12_000
_SHARES: Final = (0.45, 0.6, 0.75, 1.0, 1.4)
_LOSS: Final = 0.015
"""The horizon is the longest whose explained share is within this of the best."""

_GRID: Final = 25
_TREES: Final = {
    "objective": "regression",
    "learning_rate": 0.03,
    "num_leaves": 31,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True, slots=True)
class Boosted:
    """Trees, and the bands of what really remains at each level of their prediction.

    Attributes:
        cap: Horizon of the trees, in the unit of time.
        grid: ``(n_grid,)`` predictions; ``low``, ``high``: the band there.
        aged: Whether the age itself tells something.
    """

    trees: tuple[str, ...]
    windows: tuple[int, int, int]
    cap: float
    grid: FloatArray
    low: FloatArray
    high: FloatArray
    aged: bool = True

    def predict(self, values: FloatArray, time: FloatArray) -> tuple[float, float, float]:
        """Returns p10, p50, p90 of one unit from its normalised rows."""
        time = time if self.aged else np.zeros(len(time))
        last = unit_features(values, time, self.windows, every=max(len(values), 1))
        middle = float(np.mean([read_trees(tree).ask(last)[0] for tree in self.trees]))
        middle = min(max(middle, 0.0), self.cap)
        low = min(float(np.interp(middle, self.grid, self.low)), middle)
        high = max(float(np.interp(middle, self.grid, self.high)), middle)
        return max(low, 0.0), middle, high

    def arrays(self) -> dict[str, Any]:
        """Returns its arrays by name, to be stored beside the trees."""
        return {
            "boosted_windows": np.array(self.windows),
            "boosted_cap": np.array(self.cap),
            "boosted_grid": self.grid,
            "boosted_low": self.low,
            "boosted_high": self.high,
            "boosted_aged": np.array(self.aged),
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, Any], trees: tuple[str, ...]) -> Self:
        """Builds it from stored arrays and trees."""
        short, middle, long = arrays["boosted_windows"].tolist()
        return cls(
            trees, (short, middle, long), float(arrays["boosted_cap"]), arrays["boosted_grid"],
            arrays["boosted_low"], arrays["boosted_high"],
            bool(arrays["boosted_aged"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rows:
    features: FloatArray
    left: FloatArray
    unit: IntArray
    share: FloatArray

    def keep(self, mask: Any) -> "_Rows":
        return _Rows(self.features[mask], self.left[mask], self.unit[mask], self.share[mask])


def fit_boosted(lives: Lives, values: FloatArray, aged: bool = True) -> Boosted:
    """Fits to the units that failed.

    Args:
        values: ``(n_rows, n_sensors)`` normalised, without holes.
        aged: Whether the age may be learnt from; not where most units are still alive, for
            those that failed first are those that do not grow old.
    """
    lengths = np.diff(lives.cuts)
    failed = ~lives.censored
    windows = window_lengths(float(np.median(lengths[failed])))
    every = max(1, int(lengths[failed].sum() // _MOST_ROWS))
    rows = _training_rows(lives, values, windows, every, aged)
    spans = np.array([lives.time[r.stop - 1] - lives.time[r.start] for r in lives.rows()])
    cap = _choose_cap(rows, float(np.median(spans[failed])))
    fold = rows.unit % _FOLDS
    seen = np.zeros(len(rows.left))
    for k in range(_FOLDS):
        out = fold == k
        if out.any() and not out.all():
            tree = _grow(rows.keep(~out), cap, seed=k)
            seen[out] = np.clip(tree.predict(rows.features[out]), 0, cap)
    grid, low, high = _bands(seen, rows, cap)
    trees = tuple(_grow(rows, cap, seed).model_to_string() for seed in range(_SEEDS))
    return Boosted(trees, windows, cap, grid, low, high, aged)


def _training_rows(
    lives: Lives, values: FloatArray, windows: tuple[int, int, int], every: int, aged: bool
) -> _Rows:
    features, left, unit, share = [], [], [], []
    numbered = 0
    for rows, censored in zip(lives.rows(), lives.censored, strict=True):
        if censored or rows.stop - rows.start < 2:
            continue
        time = lives.time[rows]
        seen = time if aged else np.zeros(len(time))
        own = unit_features(values[rows], seen, windows, every)
        features.append(own)
        left.append((time[-1] - time)[::-1][::every][::-1])
        unit.append(np.full(len(own), numbered))
        share.append(np.full(len(own), 1.0 / len(own)))
        numbered += 1
    return _Rows(*(np.concatenate(part) for part in (features, left, unit, share)))


def _grow(rows: _Rows, cap: float, seed: int, rounds: int = _ROUNDS) -> "lgb.Booster":
    import lightgbm as lgb

    leaf = int(np.clip(len(rows.left) // 100, 5, 60))
    data = lgb.Dataset(rows.features, np.minimum(rows.left, cap))
    return lgb.train({**_TREES, "min_data_in_leaf": leaf, "seed": seed}, data, rounds)


def _choose_cap(rows: _Rows, median_life: float) -> float:
    """Returns the longest horizon that the sensors explain nearly as well as the best one."""
    thin = rows.keep(slice(None, None, max(1, len(rows.left) // 3000)))
    fold = thin.unit % 3
    explained = []
    for share in _SHARES:
        cap = share * median_life
        target = np.minimum(thin.left, cap)
        seen = np.zeros(len(target))
        for k in range(3):
            out = fold == k
            if out.all() or not out.any():
                continue
            tree = _grow(thin.keep(~out), cap, seed=0, rounds=60)
            seen[out] = tree.predict(thin.features[out])
        # Sixty rounds of a slow learner stop short: compare after the best straight line.
        explained.append(np.corrcoef(seen, target)[0, 1] ** 2 if target.std() > 0 else 0.0)
    floor = max(explained) - _LOSS
    best = max(i for i, value in enumerate(explained) if value >= floor)
    if best == len(_SHARES) - 1:
        return _SHARES[best] * median_life
    over = (explained[best] - floor) / max(explained[best] - explained[best + 1], 1e-9)
    return (_SHARES[best] + over * (_SHARES[best + 1] - _SHARES[best])) * median_life


def _bands(seen: FloatArray, rows: _Rows, cap: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns the 10 and 90 % quantiles of what remained, by prediction; units weigh alike."""
    grid = np.linspace(0, cap, _GRID)
    units = int(rows.unit.max()) + 1
    # A unit more than seen may be stranger than all of them (conformal count).
    tail = max(0.1 * (units + 1) / units - 1.0 / units, 0.02)
    low, high = np.zeros(_GRID), np.zeros(_GRID)
    for place, centre in enumerate(grid.tolist()):
        near = np.exp(-0.5 * ((seen - centre) / (0.06 * cap)) ** 2) * rows.share
        error = rows.left - seen
        order = np.argsort(error)
        mass = np.cumsum(near[order])
        mass /= mass[-1]
        low[place] = centre + error[order][int(np.searchsorted(mass, tail))]
        high[place] = (
            centre + error[order][min(int(np.searchsorted(mass, 1 - tail)), len(mass) - 1)]
        )
    return grid, np.maximum(low, 0.0), np.maximum(high, low)
