"""Every forecast of a replay, kept as it was made, and what came of it."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.abstention import Abstention
from aiops.domain.forecast import REMAINING_LIFE, Crossing
from aiops.domain.instant import duration, from_ns, to_ns
from aiops.domain.metric import Direction
from aiops.domain.series import FloatArray, IntArray, SeriesKey
from aiops.replay.report import World

WHOLE: Final = 0.05
"""Forecasts at least this likely are kept whole, the others as figures: they are many."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What forecasts of one series speak of."""

    series: SeriesKey
    limit: float
    direction: Direction


@dataclass(slots=True)
class Kept:
    """The forecasts of one replay, in the order they were made.

    Attributes:
        whole_from: Forecasts at least this likely are kept whole.
        rounds: When each round was decided.
    """

    whole_from: float = WHOLE
    rounds: list[datetime] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    _places: dict[Claim, int] = field(default_factory=dict)
    _round: "array[int]" = field(default_factory=lambda: array("i"))
    _claim: "array[int]" = field(default_factory=lambda: array("i"))
    _origin: "array[int]" = field(default_factory=lambda: array("q"))
    _horizon: "array[int]" = field(default_factory=lambda: array("q"))
    _probability: "array[float]" = field(default_factory=lambda: array("f"))
    _reason: "array[int]" = field(default_factory=lambda: array("B"))
    _whole: dict[int, Crossing] = field(default_factory=dict)

    def keep(self, now: datetime, crossings: Sequence[Crossing]) -> None:
        """Takes the forecasts of one round; a round without any is none."""
        if not crossings:
            return
        number = len(self.rounds)
        self.rounds.append(now)
        for crossing in crossings:
            probability = crossing.probability
            if probability is not None and probability >= self.whole_from:
                self._whole[len(self._round)] = crossing
            self._round.append(number)
            self._claim.append(self._place(crossing))
            self._origin.append(to_ns(crossing.origin))
            self._horizon.append(to_ns(crossing.origin + crossing.horizon))
            self._probability.append(float("nan") if probability is None else probability)
            self._reason.append(crossing.abstained)

    def _place(self, crossing: Crossing) -> int:
        # A limit that moves is one claim: the share that it is of what moves.
        limit = crossing.limit if crossing.share is None else crossing.share
        claim = Claim(crossing.series, limit, crossing.direction)
        place = self._places.get(claim)
        if place is None:
            place = self._places[claim] = len(self.claims)
            self.claims.append(claim)
        return place

    def __len__(self) -> int:
        """Number of forecasts, abstentions included."""
        return len(self._round)

    @property
    def round(self) -> NDArray[np.int32]:
        """Round of each forecast."""
        return np.array(self._round, dtype=np.int32)

    @property
    def claim(self) -> NDArray[np.int32]:
        """Place in :attr:`claims` of each forecast."""
        return np.array(self._claim, dtype=np.int32)

    @property
    def probability(self) -> NDArray[np.float32]:
        """As stated, NaN where it abstained."""
        return np.array(self._probability, dtype=np.float32)

    @property
    def reason(self) -> NDArray[np.uint8]:
        """Why it abstained."""
        return np.array(self._reason, dtype=np.uint8)

    @property
    def origin(self) -> IntArray:
        """ns, from when on it looked ahead."""
        return np.array(self._origin, dtype=np.int64)

    @property
    def until(self) -> IntArray:
        """ns, up to when it looked ahead."""
        return np.array(self._horizon, dtype=np.int64)

    @property
    def whole(self) -> Mapping[int, Crossing]:
        """By place: forecasts that were likely enough to be kept whole."""
        return self._whole

    def replayed(self, claims: NDArray[np.bool_]) -> Iterator[tuple[datetime, list[Crossing]]]:
        """Yields the rounds again, with the forecasts of some claims."""
        mine = np.flatnonzero(claims[self.claim])
        rounds = self.round[mine]
        cuts = np.searchsorted(rounds, np.arange(len(self.rounds) + 1))
        for number, now in enumerate(self.rounds):
            places = mine[cuts[number] : cuts[number + 1]].tolist()
            yield now, [self._crossing(place) for place in places]

    def _crossing(self, place: int) -> Crossing:
        whole = self._whole.get(place)
        if whole is not None:
            return whole
        claim = self.claims[self._claim[place]]
        probability = self._probability[place]
        origin = from_ns(self._origin[place])
        return Crossing(
            claim.series,
            origin,
            duration(self._horizon[place] - self._origin[place]),
            claim.limit,
            claim.direction,
            probability=None if np.isnan(probability) else probability,
            abstained=Abstention(self._reason[place]),
            value=claim.limit,
        )


@dataclass(frozen=True, slots=True)
class Scored:
    """Stated probabilities beside what came.

    Attributes:
        stated: ``(n,)``.
        came: ``(n,)`` whether it came within the time it spoke of.
        unknown: Forecasts whose time was not over when the recording ended.
    """

    stated: FloatArray
    came: NDArray[np.bool_]
    unknown: int

    def bins(self, count: int = 10) -> list[tuple[float, float, int]]:
        """Returns mean stated, share that came and number, of each tenth that has any."""
        place = np.minimum((self.stated * count).astype(int), count - 1)
        return [
            (float(self.stated[at].mean()), float(self.came[at].mean()), int(at.sum()))
            for k in range(count)
            if (at := place == k).any()
        ]

    @property
    def brier(self) -> float:
        """Mean squared difference (Brier, 1950)."""
        return float(np.mean((self.stated - self.came) ** 2))

    @property
    def error(self) -> float:
        """Expected calibration error (Naeini et al., 2015)."""
        return sum(n * abs(said - came) for said, came, n in self.bins()) / len(self.stated)


def outcomes(kept: Kept, world: World) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Returns for each forecast whether what it spoke of came in time, and whether that is known.

    A forecast of a limit is held against that limit being met, one of an asset's remaining
    life against the failures of the asset or of its parent or child. Nothing is known of those
    that abstained.
    """
    spoke = np.isfinite(kept.probability)
    came, known = np.zeros(len(spoke), dtype=bool), np.zeros(len(spoke), dtype=bool)
    origin, until, claim = kept.origin, kept.until, kept.claim
    order = np.argsort(claim, kind="stable")
    cuts = np.searchsorted(claim[order], np.arange(len(kept.claims) + 1))
    met = kept.reason == Abstention.ALREADY_OVER
    failures = _failures(world)
    for place, (start, end) in enumerate(pairwise(cuts.tolist())):
        rows = order[start:end]
        asset = kept.claims[place].series.asset
        if kept.claims[place].series.metric == REMAINING_LIFE:
            at = np.array(sorted(t for a in world.near(asset) for t in failures.get(a, ())))
        else:
            at = np.sort(origin[rows[met[rows]]])
        rows = rows[spoke[rows]]
        following = np.searchsorted(at, origin[rows], side="right")
        at = np.append(at, np.iinfo(np.int64).max)
        came[rows] = at[following] <= until[rows]
        span = world.spans.get(asset)
        over = until[rows] <= to_ns(span.last) if span else np.zeros(len(rows), dtype=bool)
        known[rows] = came[rows] | over
    return came, known


def score(kept: Kept, world: World) -> Scored:
    """Returns each forecast that gave a probability with what came of it."""
    stated = kept.probability.astype(np.float64)
    came, known = outcomes(kept, world)
    return Scored(stated[known], came[known], int((np.isfinite(stated) & ~known).sum()))


def _failures(world: World) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for failure in world.failures:
        found.setdefault(failure.asset, []).append(to_ns(failure.at))
    return found
