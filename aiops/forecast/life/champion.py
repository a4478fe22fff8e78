"""Which model of lives answers: a champion that is challenged, and taken back when it errs.

When a quarter more failures are known a challenger is tried: it is fitted without the newest half
of the lives that the champion has not seen, and both tell those. Unless it errs clearly more, a
model of all lives takes over, and the one before is kept beside it. The lives that end from then
on judge the two: where the new one errs clearly more, the one before answers again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.domain.lives import Lives
from aiops.forecast.life.ages import AgedLife
from aiops.forecast.life.cox import CoxLife
from aiops.forecast.life.model import FittedLife

Model = FittedLife | AgedLife | CoxLife
Fit = Callable[[Lives], Model]

GROWN: Final = 1.25
"""A challenger is tried when a quarter more failures are known."""

_CLEARLY: Final = 1.1
"""Errors a tenth larger are clearly more: a few lives tell no finer."""

_JUDGES: Final = 3
"""Fewer lives than this take nothing back."""

_CUTS: Final = (0.5, 0.75)
"""Shares of a life at which a model is asked what is left."""


@dataclass(frozen=True, slots=True)
class Champion:
    """The model that answers.

    Attributes:
        learnt_from: It was fitted to the first so many failures, by their time.
        tried_at: Failures that were known when a challenger was last tried.
        former: The model before it, and ``former_from`` what that was fitted to.
    """

    model: Model
    learnt_from: int
    tried_at: int
    former: Model | None = None
    former_from: int = 0


def next_champion(champion: Champion | None, lives: Lives, fit: Fit) -> Champion:
    """Returns who answers from now on.

    Args:
        lives: Those that failed, in the order in which they did.
    """
    known = len(lives)
    if champion is None:
        return Champion(fit(lives), known, known)
    unseen = lives.take(np.arange(champion.learnt_from, known))
    if champion.former is not None and len(unseen) >= _JUDGES:
        worse = error_of(champion.model, unseen) > _CLEARLY * error_of(champion.former, unseen)
        if worse:
            return Champion(champion.former, champion.former_from, known)
    if known < GROWN * champion.tried_at:
        return champion
    judges = max(1, len(unseen) // 2)
    newest = lives.take(np.arange(known - judges, known))
    challenger = fit(lives.take(np.arange(known - judges)))
    if error_of(challenger, newest) > _CLEARLY * error_of(champion.model, newest):
        return Champion(
            champion.model, champion.learnt_from, known, champion.former, champion.former_from
        )
    return Champion(fit(lives), known, known, champion.model, champion.learnt_from)


def error_of(model: Model, lives: Lives) -> float:
    """Returns how far a model's medians lie from what was left, as a share of each life."""
    errors = []
    for share in _CUTS:
        young = cut(lives, share)
        for told, own, rows in zip(model.predict(young), lives.rows(), young.rows(), strict=True):
            end, now = float(lives.time[own][-1]), float(young.time[rows][-1])
            errors.append(abs(told.p50 - (end - now)) / max(end, 1e-9))
    return float(np.mean(errors))


def cut(lives: Lives, share: float) -> Lives:
    """Returns each life as it was when so much of it was over."""
    kept = [
        np.arange(rows.start, rows.start + max(1, int(share * (rows.stop - rows.start))))
        for rows in lives.rows()
    ]
    cuts = np.cumsum([0, *map(len, kept)]).astype(np.int64)
    rows = np.concatenate(kept)
    alive = np.ones(len(lives), dtype=bool)
    return Lives(lives.units, cuts, lives.time[rows], lives.values[rows], lives.sensors, alive)
