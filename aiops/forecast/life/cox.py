"""Remaining life from ages and flags without a law: Cox's proportional hazards.

The hazard at an age is whatever the failures show (Breslow's estimate), times e^(b·x) for the flags
of a unit. That suits lives that no Weibull law fits: a batch that dies young beside others that
wear out. Beyond the oldest failure nothing has been seen; there the hazard goes on as a power of
the age, with the shape that the Weibull model beside it found.

Which of the two answers is decided by what they say of units they were not fitted to.

Source: Cox (1972); Breslow's baseline (1974); the partial likelihood with ties as Breslow has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.contracts.errors import InputError
from aiops.domain.forecast import Life
from aiops.domain.lives import Lives
from aiops.domain.series import FloatArray
from aiops.forecast.life.ages import AgedLife, at_the_end, fit_ages, in_deviations

FEWEST: Final = 40
"""A hazard that is read off the failures needs many: of forty it is known to a sixth."""

_FOLDS: Final = 5
_BINS: Final = 10
"""Lives are told apart by tenths of the ages at failure when two models are compared."""

_LEAST: Final = 1e-4
_CLEARLY: Final = 2.0
"""Standard errors by which it must be better: a law of two numbers is the safer one."""

_LEVELS: Final = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class CoxLife:
    """What was learnt from ages and flags.

    Attributes:
        sensors: Names of the flags.
        instead, spread: ``(n_flags,)`` mean and deviation that flags are measured in.
        slopes: ``(n_flags,)``.
        ages, hazard: ``(n,)`` ages at failure and the hazard that has come together by each.
        shape: Power of the age that the hazard grows with beyond the last of them.
    """

    sensors: tuple[str, ...]
    instead: FloatArray
    spread: FloatArray
    slopes: FloatArray
    ages: FloatArray
    hazard: FloatArray
    shape: float
    version: str = "cox/1"

    def predict(self, lives: Lives) -> Sequence[Life]:
        """Returns p10, p50, p90 and the health of each unit, from its age and flags.

        Raises:
            InputError: A flag the model was fitted to is missing.
        """
        lacking = [name for name in self.sensors if name not in lives.sensors]
        if lacking:
            raise InputError(
                [f"column {name!r} is missing; the model needs it" for name in lacking]
            )
        ages, risk = self._at_the_end(lives)
        answers = []
        for name, age, own in zip(lives.units, ages.tolist(), risk.tolist(), strict=True):
            spent = float(self.gathered(np.array([age]))[0])
            wanted = spent - np.log1p(-np.array(_LEVELS)) / own
            p10, p50, p90 = np.maximum(self._age_of(wanted) - age, 0.0).tolist()
            health = p50 / (p50 + age) if p50 + age > 0 else 0.0
            answers.append(Life(name, p10, p50, p90, health))
        return answers

    def survival(self, lives: Lives, ages: FloatArray) -> FloatArray:
        """Returns ``(n_units, n_ages)`` shares of new units with their flags that reach an age."""
        _, risk = self._at_the_end(lives)
        return np.asarray(np.exp(-risk[:, None] * self.gathered(ages)))

    def gathered(self, ages: FloatArray) -> FloatArray:
        """Returns the hazard that has come together by some ages, for mean flags."""
        known = np.interp(ages, np.append(0.0, self.ages), np.append(0.0, self.hazard))
        beyond = self.hazard[-1] * (np.maximum(ages, self.ages[-1]) / self.ages[-1]) ** self.shape
        return np.asarray(np.where(ages > self.ages[-1], beyond, known))

    def _age_of(self, hazard: FloatArray) -> FloatArray:
        known = np.interp(hazard, np.append(0.0, self.hazard), np.append(0.0, self.ages))
        beyond = np.maximum(hazard / self.hazard[-1], 1.0) ** (1 / self.shape) * self.ages[-1]
        return np.asarray(np.where(hazard > self.hazard[-1], beyond, known))

    def _at_the_end(self, lives: Lives) -> tuple[FloatArray, FloatArray]:
        order = [lives.sensors.index(name) for name in self.sensors]
        ages, flags = at_the_end(lives)
        x = in_deviations(flags[:, order], self.instead, self.spread)
        return ages, np.exp(np.clip(x @ self.slopes, -20.0, 20.0))

    def arrays(self) -> dict[str, FloatArray]:
        """Returns what a file holds of it."""
        return {
            "instead": self.instead, "spread": self.spread, "slopes": self.slopes,
            "ages": self.ages, "hazard": self.hazard, "shape": np.array(self.shape),
        }  # fmt: skip

    @classmethod
    def of_arrays(
        cls, sensors: tuple[str, ...], arrays: Mapping[str, FloatArray], version: str
    ) -> "CoxLife":
        """Returns the model that a file holds."""
        return cls(
            sensors,
            arrays["instead"],
            arrays["spread"],
            arrays["slopes"],
            arrays["ages"],
            arrays["hazard"],
            float(arrays["shape"]),
            version,
        )


def fit_cox(lives: Lives, weibull: AgedLife) -> CoxLife:
    """Learns slopes by ridge and the hazard from the failures.

    Args:
        weibull: Fitted to the same lives: measures the flags, and tells what lies beyond.
    """
    from scipy.optimize import minimize

    ages, flags = at_the_end(lives)
    kept = ages > 0
    x = in_deviations(flags[kept], weibull.instead, weibull.spread)
    # The oldest first: whoever is at risk at an age stands before it.
    order = np.argsort(-ages[kept], kind="stable")
    ages, x = ages[kept][order], x[order]
    failed = ~lives.censored[kept][order]
    # Of equal ages all are at risk: counted at the last of them.
    last = np.searchsorted(-ages, -ages, side="right") - 1

    def loss(slopes: FloatArray) -> tuple[float, FloatArray]:
        """Negative logarithm of the partial posterior, and its gradient."""
        risk = np.exp(np.clip(x @ slopes, -20.0, 20.0))
        at_risk = np.cumsum(risk)[last][failed]
        pulled = np.cumsum(risk[:, None] * x, axis=0)[last][failed]
        value = np.log(at_risk).sum() - (x @ slopes)[failed].sum() + 0.5 * (slopes @ slopes)
        return float(value), (pulled / at_risk[:, None]).sum(axis=0) - x[failed].sum(
            axis=0
        ) + slopes

    slopes = minimize(loss, np.zeros(x.shape[1]), jac=True, method="BFGS").x
    at_risk = np.cumsum(np.exp(np.clip(x @ slopes, -20.0, 20.0)))[last]
    when, count = np.unique(ages[failed], return_counts=True)
    place = np.searchsorted(-ages, -when, side="right") - 1
    hazard = np.cumsum(count / at_risk[place])
    shape = float(np.exp(np.median(weibull.draws[:, -1])))
    return CoxLife(
        weibull.sensors, weibull.instead, weibull.spread, slopes, when, hazard, shape
    )  # fmt: skip


def fit_ages_or_hazard(lives: Lives) -> AgedLife | CoxLife:
    """Learns from ages and flags, by the model that tells units better that it has not seen.

    Raises:
        NotEnoughHistory: Fewer than two units failed.
    """
    weibull = fit_ages(lives)
    ages, _ = at_the_end(lives)
    failed = np.flatnonzero(~lives.censored & (ages > 0))
    if len(failed) < FEWEST:
        return weibull
    edges = np.unique(np.quantile(ages[failed], np.linspace(0, 1, _BINS + 1)[1:-1]))
    gain = []
    fold = np.empty(len(lives), dtype=np.int64)
    fold[np.argsort(ages, kind="stable")] = np.arange(len(lives)) % _FOLDS  # alike in age
    for number in range(_FOLDS):
        known, held = np.flatnonzero(fold != number), lives.take(np.flatnonzero(fold == number))
        law = fit_ages(lives.take(known))
        free = fit_cox(lives.take(known), law)
        ours, theirs = (_told(held, edges, m.survival(held, edges)) for m in (free, law))
        gain.append(ours - theirs)
    gains = np.concatenate(gain)
    clear = gains.mean() > _CLEARLY * gains.std() / np.sqrt(len(gains))
    return fit_cox(lives, weibull) if clear else weibull


def _told(lives: Lives, edges: FloatArray, survival: FloatArray) -> FloatArray:
    """Returns ``(n_units,)`` the logarithm of how likely each life was, by tenths.

    Args:
        survival: ``(n_units, n_edges)`` shares that reach the edges of the tenths.
    """
    ages, _ = at_the_end(lives)
    tenth = (ages[:, None] > edges).sum(axis=1)
    reached = np.pad(survival, ((0, 0), (1, 1)), constant_values=((0, 0), (1.0, 0.0)))
    unit = np.arange(len(ages))
    ended = np.where(lives.censored, 0.0, reached[unit, tenth + 1])
    return np.asarray(np.log(np.maximum(reached[unit, tenth] - ended, _LEAST)))
