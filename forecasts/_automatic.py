"""Models that choose their own form, from statsforecast, one series at a time."""

from typing import Any, Protocol

import numpy as np

from aiops.domain.series import FloatArray
from forecasts._each import FUTURES, SEED, EachRow, Future, Past


class Automatic(Protocol):
    """The part of a statsforecast model that is used here."""

    def fit(self, y: FloatArray) -> Any:
        """Chooses a form and fits it."""
        ...

    def predict(self, h: int, *, level: list[float]) -> dict[str, FloatArray]:
        """Returns the mean and ``lo-`` and ``hi-`` bounds of central intervals."""
        ...

    def simulate(self, h: int, n_paths: int, *, seed: int) -> FloatArray:
        """Returns ``(n_paths, h)`` futures."""
        ...


class MakeModel(Protocol):
    """The class of such a model."""

    def __call__(self, *, season_length: int) -> Automatic:
        """Builds one for a season; 1 is none."""
        ...


def automatic(
    name: str, version: str, cost: float, make: MakeModel, cells: int, longest: int
) -> EachRow:
    """Returns a forecaster made of a statsforecast model.

    Args:
        cells: Newest cells to fit to.
        longest: A season with more cells than this counts as none.
    """

    def fit(past: Past) -> Future:
        recent, season = past.newest(cells, longest)
        model = make(season_length=season or 1)
        model.fit(recent.astype(np.float64))
        # It seeds the global generator, too, which is put back as it was.
        held = np.random.get_state()  # noqa: NPY002 - statsforecast seeds it
        try:
            drawn = np.asarray(model.simulate(past.horizon, FUTURES, seed=SEED), dtype=np.float64)
        finally:
            np.random.set_state(held)  # noqa: NPY002 - statsforecast seeds it
        if not len(past.levels):
            return Future(np.empty((past.horizon, 0)), drawn)
        return Future(_quantiles(model, past.horizon, past.levels), drawn)

    return EachRow(name, version, cost, fit)


def _quantiles(model: Automatic, horizon: int, levels: FloatArray) -> FloatArray:
    """Returns ``(horizon, n_levels)``: each level is an end of a central interval."""
    shares = [round(abs(2 * level - 1) * 100, 6) for level in levels.tolist()]
    told = model.predict(horizon, level=sorted({share for share in shares if share}))
    names = [
        f"{'lo' if level < 0.5 else 'hi'}-{share}" if share else "mean"
        for level, share in zip(levels.tolist(), shares, strict=True)
    ]
    return np.stack([np.asarray(told[name], dtype=np.float64) for name in names], axis=1)
