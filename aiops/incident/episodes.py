"""Alerts in time order to episodes: what is near in time and in the topology.

An alert joins when, within the gap, its own entity, a neighbour, or a neighbour's neighbour
alerted (not across a hub that is silent itself). Of two episodes that an alert touches the
younger joins the older while it is younger than the gap; later both stay and the older gets it.
An entity that stands in no edge has no neighbours: it joins what is open, the part it has most
often been seen with first, unless something is open most of the time anyway.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.domain.series import FloatArray, IntArray
from aiops.incident.neighbours import Neighbours

NEVER: Final = float("-inf")
TELLING: Final = 0.5
"""Share of the time with an open problem above which being at the same time tells nothing."""
PROOF: Final = 10
"""Gaps of silence that are assumed beside what was watched: a file cut around one incident does
not prove that something is always open."""


def intervals_of(times: FloatArray, entities: IntArray, near: Neighbours) -> FloatArray:
    """Returns the time since the last related alert of each alert, infinite for the first.

    An entity without neighbours is related to whatever alerted last.
    """
    member = [NEVER] * len(near.around)
    touched = [NEVER] * len(near.around)
    found = np.empty(len(times))
    last = NEVER
    for i, (t, e) in enumerate(zip(times.tolist(), entities.tolist(), strict=True)):
        latest = member[e] if near.around[e] else max(member[e], last)
        for node, direct in _within_reach(e, near):
            seen = member[node] if direct else touched[node]
            latest = max(latest, seen)
        found[i] = t - latest
        member[e] = touched[e] = last = t
        if not near.hub[e]:
            for node in near.around[e]:
                touched[node] = t
    return found


def busy_share(times: FloatArray, gap: float) -> float:
    """Returns the share of the time with a problem under way, were the topology unknown."""
    if len(times) < 2 or times[-1] <= times[0]:
        return 0.0
    steps = np.diff(times)
    return float(steps[steps <= gap].sum() / (times[-1] - times[0] + PROOF * gap))


def _within_reach(entity: int, near: Neighbours) -> Iterator[tuple[int, bool]]:
    """Yields nodes to ask, and whether only an alert of the node itself counts."""
    yield entity, False
    if not near.hub[entity]:
        for node in near.around[entity]:
            yield node, near.hub[node]


@dataclass(slots=True)
class Episodes:
    """The state between two alerts: two numbers per entity, one row per episode."""

    near: Neighbours
    gap: float
    busy: float
    member: list[tuple[float, int]] = field(default_factory=list)
    touched: list[tuple[float, int]] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    part: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    together: dict[int, dict[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.near.around)
        self.member = [(NEVER, -1)] * n
        self.touched = [(NEVER, -1)] * n

    def root(self, episode: int) -> int:
        """Returns the number an episode goes by after merges."""
        while self.parent[episode] != episode:
            self.parent[episode] = self.parent[self.parent[episode]]
            episode = self.parent[episode]
        return episode

    def take(self, t: float, entity: int) -> int:
        """Returns the episode of the next alert; times never fall."""
        lonely = not self.near.around[entity]
        found = self._alone(t, entity) if lonely else self._linked(t, entity)
        if found < 0:
            found = len(self.parent)
            self.parent.append(found)
            self.first.append(t)
            self.last.append(t)
            self.part.append(-1 if lonely else int(self.near.component[entity]))
            self.open.append(found)
        self.last[found] = t
        if not lonely and self.part[found] < 0:
            self.part[found] = int(self.near.component[entity])
        mark = (t, found)
        self.member[entity] = self.touched[entity] = mark
        if not self.near.hub[entity]:
            for node in self.near.around[entity]:
                self.touched[node] = mark
        return found

    def _linked(self, t: float, entity: int) -> int:
        oldest = -1
        for node, direct in _within_reach(entity, self.near):
            at, episode = self.member[node] if direct else self.touched[node]
            if t - at > self.gap:
                continue
            episode = self.root(episode)
            if oldest < 0 or episode == oldest:
                oldest = episode
            else:
                kept, gone = min(oldest, episode), max(oldest, episode)
                oldest = kept
                if t - self.first[gone] > self.gap:
                    continue
                self.parent[gone] = kept
                self.last[kept] = max(self.last[kept], self.last[gone])
        if oldest < 0:
            oldest = self._waiting(t)
        return oldest

    def _waiting(self, t: float) -> int:
        """Returns an open episode of entities without neighbours only, if time is telling."""
        if self.busy > TELLING:
            return -1
        self._close(t)
        waiting = [episode for episode in self.open if self.part[episode] < 0]
        return waiting[0] if len(waiting) == 1 else -1

    def _alone(self, t: float, entity: int) -> int:
        at, episode = self.member[entity]
        own = self.root(episode) if t - at <= self.gap else -1
        if own >= 0 or self.busy > TELLING:
            return own
        self._close(t)
        if not self.open:
            return -1
        seen = self.together.setdefault(entity, {})
        parts = {self.part[episode] for episode in self.open}
        best = max(self.open, key=lambda e: (seen.get(self.part[e], 0), e))
        if len(parts) == 1:
            part = next(iter(parts))
            seen[part] = seen.get(part, 0) + 1
        return best

    def _close(self, t: float) -> None:
        self.open = [e for e in self.open if self.parent[e] == e and t - self.last[e] <= self.gap]
