"""Remaining life where there are only ages and flags: a Weibull accelerated-failure-time model.

log T = b·x + W / k, where W has the smallest-extreme-value law. Units that have not failed take
part with the age they have reached. Slopes (of standardised flags) and the logarithm of the
shape have a standard normal prior, so that few failures give wide answers and not none.

Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed., ch. 3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.contracts.errors import InputError, NotEnoughHistory
from aiops.domain.forecast import Life
from aiops.domain.lives import Lives
from aiops.domain.series import FloatArray

_DRAWS: Final = 64
"""Parameters as likely as the fitted ones: what is not known of them is in the bands."""
_LEVELS: Final = (np.arange(64) + 0.5) / 64


@dataclass(frozen=True, slots=True)
class AgedLife:
    """What was learnt from ages and flags.

    Attributes:
        sensors: Names of the flags.
        instead, spread: ``(n_flags,)`` mean and deviation that flags are measured in.
        draws: ``(n_draws, n_flags + 2)``: level, slopes, logarithm of the shape.
    """

    sensors: tuple[str, ...]
    instead: FloatArray
    spread: FloatArray
    draws: FloatArray
    version: str = "ages/1"

    def predict(self, lives: Lives) -> Sequence[Life]:
        """Returns p10, p50, p90 and the health of each unit, from its age and flags.

        Health is the share of the life that is still to come, by the median.

        Raises:
            InputError: A flag the model was fitted to is missing.
        """
        lacking = [name for name in self.sensors if name not in lives.sensors]
        if lacking:
            raise InputError(
                [f"column {name!r} is missing; the model needs it" for name in lacking]
            )
        order = [lives.sensors.index(name) for name in self.sensors]
        ages, flags = at_the_end(lives)
        x = in_deviations(flags[:, order], self.instead, self.spread)
        answers = []
        for name, age, own in zip(lives.units, ages.tolist(), x, strict=True):
            p10, p50, p90 = np.quantile(self._left(age, own), (0.1, 0.5, 0.9)).tolist()
            health = p50 / (p50 + age) if p50 + age > 0 else 0.0
            answers.append(Life(name, p10, p50, p90, health))
        return answers

    def _left(self, age: float, flags: FloatArray) -> FloatArray:
        """Returns equally likely remaining lives of a unit that has reached an age."""
        scale = np.exp(self.draws[:, 0] + self.draws[:, 1:-1] @ flags)[:, None]
        shape = np.exp(self.draws[:, -1])[:, None]
        spent = (age / scale) ** shape
        whole = scale * (spent - np.log1p(-_LEVELS)) ** (1 / shape)
        return np.maximum(whole - age, 0.0)

    def survival(self, lives: Lives, ages: FloatArray) -> FloatArray:
        """Returns ``(n_units, n_ages)`` shares of new units with their flags that reach an age."""
        order = [lives.sensors.index(name) for name in self.sensors]
        x = in_deviations(at_the_end(lives)[1][:, order], self.instead, self.spread)
        scale = np.exp(self.draws[:, 0] + x @ self.draws[:, 1:-1].T)[:, :, None]
        shape = np.exp(self.draws[:, -1])[:, None]
        return np.asarray(np.exp(-((ages / scale) ** shape)).mean(axis=1))

    def arrays(self) -> dict[str, FloatArray]:
        """Returns what a file holds of it."""
        return {"instead": self.instead, "spread": self.spread, "draws": self.draws}

    @classmethod
    def of_arrays(
        cls, sensors: tuple[str, ...], arrays: Mapping[str, FloatArray], version: str
    ) -> "AgedLife":
        """Returns the model that a file holds."""
        return cls(sensors, arrays["instead"], arrays["spread"], arrays["draws"], version)


def says_no_more_than_age(lives: Lives) -> bool:
    """Returns whether no sensor ever changes within a unit: they are flags, if anything."""
    for rows in lives.rows():
        held = lives.values[rows]
        high = np.where(np.isfinite(held), held, -np.inf).max(axis=0, initial=-np.inf)
        low = np.where(np.isfinite(held), held, np.inf).min(axis=0, initial=np.inf)
        if (high > low).any():
            return False
    return True


def fit_ages(lives: Lives) -> AgedLife:
    """Learns from the ages at which units failed, and those they have reached without failing.

    Raises:
        NotEnoughHistory: Fewer than two units failed.
    """
    from scipy.optimize import minimize

    ages, flags = at_the_end(lives)
    failed = ~lives.censored
    if int((failed & (ages > 0)).sum()) < 2:
        raise NotEnoughHistory("fewer than two units failed; ages alone teach nothing yet")
    kept = ages > 0
    ages, flags, failed = ages[kept], flags[kept], failed[kept]
    seen = np.isfinite(flags)
    count = np.maximum(seen.sum(axis=0), 1)
    instead = np.where(seen, flags, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(seen, flags - instead, 0.0) ** 2).sum(axis=0) / count)
    x = in_deviations(flags, instead, spread)
    log_age = np.log(ages)
    design = np.column_stack([np.ones(len(x)), x])

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        """Negative logarithm of the posterior, and its gradient."""
        shape = np.exp(theta[-1])
        left = log_age - design @ theta[:-1]
        z = np.minimum(shape * left, 50.0)
        grown = np.exp(z)
        slopes = theta[1:]
        value = grown.sum() - (theta[-1] + z)[failed].sum() + 0.5 * (slopes @ slopes)
        pull = grown - failed
        towards = np.append(
            -shape * (pull @ design), pull @ (shape * left) - np.count_nonzero(failed)
        )
        towards[1:] += slopes
        return float(value), towards

    start = np.zeros(design.shape[1] + 1)
    start[0] = np.log(ages.sum() / failed.sum())
    best = minimize(loss, start, jac=True, method="BFGS").x
    spread_of = np.linalg.inv(_curvature(loss, best))
    noise = np.random.default_rng(0).standard_normal((_DRAWS // 2, len(best)))
    walked = np.concatenate([noise, -noise]) @ np.linalg.cholesky(spread_of).T
    return AgedLife(lives.sensors, instead, spread, best + walked)


def _curvature(
    loss: Callable[[FloatArray], tuple[float, FloatArray]], at: FloatArray
) -> FloatArray:
    """Returns the second derivatives by differences of the gradient."""
    step = 1e-5
    rows = [
        (loss(at + step * unit)[1] - loss(at - step * unit)[1]) / (2 * step)
        for unit in np.eye(len(at))
    ]
    found = np.array(rows)
    return np.asarray((found + found.T) / 2)


def at_the_end(lives: Lives) -> tuple[FloatArray, FloatArray]:
    """Returns age and flags of each unit at its last row."""
    last = lives.cuts[1:] - 1
    return lives.time[last], lives.values[last]


def in_deviations(flags: FloatArray, instead: FloatArray, spread: FloatArray) -> FloatArray:
    """Returns flags in deviations from their mean; what is not known is the mean."""
    known = np.where(np.isfinite(flags), flags, instead)
    return np.asarray((known - instead) / np.where(spread > 0, spread, 1.0))
