"""Assets that often fail together, learnt from when their anomalies began.

Two assets without a path in the topology become related when they began to be strange together on
at least three occasions, that was at least half of the occasions of either, and chance would
bring so many in the time watched in less than one of a hundred installations like this. One
coincidence, or a storm over many assets, relates nothing.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from aiops.domain.anomaly import Anomaly

LEAST: Final = 3
"""Occasions below which two assets are never related."""
SHARE: Final = 0.5
"""Part of the occasions of the quieter one that must be common."""
CHANCE: Final = 0.01
"""Greatest probability that chance relates any of the pairs that are watched."""
APART: Final = timedelta(hours=6)
"""What begins again within it is the same occasion."""
WATCHED: Final = timedelta(days=90)
STORM: Final = 20
"""Assets that began within the gap from which on nothing is learnt of pairs."""
MOST_PAIRS: Final = 20_000
MOST_ASSETS: Final = 20_000
MOST_OCCASIONS: Final = 128
"""Of one asset; with more in ninety days it is strange so often that it tells nothing."""

Pair = tuple[str, str]


@dataclass(slots=True)
class Companions:
    """Occasions of assets and pairs; what was not seen for longest is dropped first.

    Attributes:
        gap: Time within which two beginnings are common.
        cell: Width of the coarsest cells: within it chance cannot be told from cause.
        since: When watching began.
    """

    gap: timedelta = timedelta(minutes=15)
    cell: timedelta = timedelta(0)
    since: datetime | None = None
    _last: OrderedDict[str, datetime] = field(default_factory=OrderedDict)
    _own: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)
    _pairs: OrderedDict[Pair, deque[datetime]] = field(default_factory=OrderedDict)
    _of: dict[str, set[str]] = field(default_factory=dict)
    _fresh: list[Pair] = field(default_factory=list)

    def learn(
        self, anomalies: Iterable[Anomaly], near: Callable[[str], Sequence[str]] = lambda _a: ()
    ) -> None:
        """Takes note of beginnings; of what is related by topology nothing is learnt.

        Beginnings may come in any order within the gap, and again and again.
        """
        for at, asset in sorted({(a.start, a.series.asset) for a in anomalies}):
            self._note(at, asset, near)

    def of(self, asset: str, now: datetime) -> dict[str, int]:
        """Returns the assets that often fail together with one, and on how many occasions."""
        found = {}
        for other in sorted(self._of.get(asset, ())):
            times = self.times(asset, other, now)
            if times:
                found[other] = times
        return found

    def times(self, one: str, other: str, now: datetime) -> int:
        """Returns on how many occasions two related assets began together, 0 if unrelated."""
        start = now - WATCHED
        both = _count(self._pairs.get(_pair(one, other), ()), start)
        if both < LEAST or self.since is None:
            return 0
        if one not in self._own or other not in self._own:
            return 0
        counts = [max(_count(self._own[asset], start), both) for asset in (one, other)]
        if both < SHARE * min(counts) or max(counts) >= MOST_OCCASIONS:
            return 0
        watched = min(now - self.since, WATCHED) + APART
        expected = counts[0] * counts[1] * ((2 * self.gap + self.cell) / watched)
        return both if _tail(both, expected) * len(self._pairs) <= CHANCE else 0

    def _note(self, at: datetime, asset: str, near: Callable[[str], Sequence[str]]) -> None:
        self.since = at if self.since is None else min(at, self.since)
        while self._last and at - next(iter(self._last.values())) > self.gap:
            self._last.popitem(last=False)
        self._last.setdefault(asset, at)
        _add(self._own.setdefault(asset, deque(maxlen=MOST_OCCASIONS)), at)
        self._own.move_to_end(asset)
        if len(self._own) > MOST_ASSETS:
            self._own.popitem(last=False)
        if len(self._last) == 1:
            self._fresh.clear()
            return
        if len(self._last) > STORM:
            self._unlearn()
            return
        related = set(near(asset))
        for other, began in self._last.items():
            if other != asset and other not in related and abs(at - began) <= self.gap:
                self._note_pair(_pair(asset, other), at)

    def _unlearn(self) -> None:
        """A storm: what its first assets seemed to tell of each other is taken back."""
        for pair in self._fresh:
            occasions = self._pairs.get(pair)
            if occasions:
                occasions.pop()
        self._fresh.clear()

    def _note_pair(self, pair: Pair, at: datetime) -> None:
        occasions = self._pairs.setdefault(pair, deque(maxlen=MOST_OCCASIONS))
        if _add(occasions, at):
            self._fresh.append(pair)
        self._pairs.move_to_end(pair)
        for one, other in (pair, pair[::-1]):
            self._of.setdefault(one, set()).add(other)
        if len(self._pairs) > MOST_PAIRS:
            dropped, _ = self._pairs.popitem(last=False)
            for one, other in (dropped, dropped[::-1]):
                self._of[one].discard(other)
                if not self._of[one]:
                    del self._of[one]


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def _add(occasions: deque[datetime], at: datetime) -> bool:
    """Returns whether it is an occasion of its own."""
    fresh = not occasions or at - occasions[-1] > APART
    if fresh:
        occasions.append(at)
    return fresh


def _count(occasions: Iterable[datetime], start: datetime) -> int:
    return sum(at >= start for at in occasions)


def _tail(count: int, expected: float) -> float:
    """Returns the probability of at least so many when so many are expected.

    Source: Poisson law; beginnings of two assets that have nothing to do with each other.

    >>> round(_tail(3, 0.1), 6)
    0.000155
    """
    below = math.fsum(
        math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(count)
    )
    return max(0.0, 1.0 - below)
