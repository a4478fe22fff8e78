"""Makes the prior of P(limit is met): ``python bench/prior.py [blocks] [seed] [file]``.

Trees learn from generated fleets (``prior_fleets.py``) only; the shipped file is what
``python bench/prior.py`` writes. Prints how it does on fleets of another seed.
"""

import sys
from datetime import timedelta
from pathlib import Path

import lightgbm as lgb
import numpy as np
from crossing import auc, brier, calibration_error
from prior_fleets import Origins, draw_origins

from aiops import plugins
from aiops.domain.forecast import Known
from aiops.domain.panel import Panel
from aiops.forecast import chance
from aiops.forecast.describe import describe_rows
from aiops.forecast.margins import NAMES
from aiops.forecast.passage import likely_passage

ROWS = 128
FILE = Path(chance.__file__).parent / chance.PRIOR_FILE
TREES = {
    "objective": "binary", "learning_rate": 0.06, "num_leaves": 24, "min_data_in_leaf": 100,
    "feature_fraction": 0.4, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 5.0,
    "max_bin": 63, "verbose": -1, "num_threads": 1, "deterministic": True, "seed": 0,
    "force_row_wise": True,
}  # fmt: skip
ROUNDS = 250
COSTLY = 0.25
"""Share of the blocks in which the ensemble is asked, too: it costs four times the rest."""


def describe(origins: Origins, forecasters: tuple) -> np.ndarray:
    """Returns the features of origins."""
    n, width = origins.values.shape
    step = timedelta(days=1) / origins.day if origins.day else timedelta(seconds=1)
    times = np.arange(width) * int(step / timedelta(microseconds=1)) * 1000
    panel = Panel.of(origins.values, times, step, ordinal=not origins.day)
    up, ahead = np.ones(n, dtype=bool), np.full(n, origins.horizon)
    told = [describe_rows(panel, origins.limits, up, ahead)[:, : len(NAMES)]]
    for forecaster in forecasters:
        paths = forecaster.forecast(
            forecaster.update(None, panel), panel, origins.horizon, np.empty(0), Known()
        ).paths
        found = likely_passage(np.nan_to_num(paths, nan=-np.inf), origins.limits, up).probability
        told.append(np.where(np.isnan(paths[:, 0, 0]), np.nan, found)[:, None])
    return np.concatenate(told, axis=1)


def draw(seed: int, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns features and outcomes; opinions of forecasters are withheld at random.

    So the trees can answer where a forecaster was not asked.
    """
    rng = np.random.default_rng(seed)
    trend, auto = (
        plugins.create("forecasts", name, plugins.load("forecasts", name).settings())
        for name in ("trend", "auto")
    )
    told, came = [], []
    for _ in range(blocks):
        origins = draw_origins(rng, ROWS)
        costly = rng.random() < COSTLY
        features = describe(origins, (trend, auto) if costly else (trend,))
        if not costly:
            features = np.concatenate([features, np.full((ROWS, 1), np.nan)], axis=1)
        withheld = rng.random(ROWS)
        features[withheld < 0.4, -1] = np.nan
        features[withheld < 0.25, -2] = np.nan
        told.append(features.astype(np.float32))
        came.append(origins.crossed)
    return np.concatenate(told), np.concatenate(came)


def main(blocks: int = 1000, seed: int = 1, file: str = str(FILE)) -> None:
    """Writes the prior."""
    told, came = draw(seed, blocks)
    trees = lgb.train(dict(TREES), lgb.Dataset(told, came.astype(float)), ROUNDS)
    Path(file).write_text(trees.model_to_string(), "utf-8")
    told, came = draw(seed + 1, max(8, blocks // 10))
    said = trees.predict(told)
    print(f"{len(came)} other origins, {came.mean():.3f} crossed; Brier {brier(said, came):.4f}")
    print(f"AUC {auc(said, came):.4f}, calibration error {calibration_error(said, came):.4f}")


if __name__ == "__main__":
    words = sys.argv[1:]
    main(*(int(word) for word in words[:2]), *words[2:3])
