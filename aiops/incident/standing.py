"""Open incidents and those closed a short while ago, found by asset, series and time."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from aiops.domain.incident import Incident
from aiops.domain.series import SeriesKey
from aiops.incident.ending import ended_at

REPORTED: Final = "reported"
"""Signal of an incident that was opened on a reported failure, not on a sample."""
K = TypeVar("K")
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Standing:
    """An index: a round over ten thousand open incidents touches only those it concerns."""

    by_key: dict[str, Incident] = field(default_factory=dict)
    _own: dict[str, set[str]] = field(default_factory=dict)
    _around: dict[str, set[str]] = field(default_factory=dict)
    _lasting: dict[SeriesKey, set[str]] = field(default_factory=dict)
    _clear: set[str] = field(default_factory=set)
    _passing: list[tuple[datetime, str]] = field(default_factory=list)

    @classmethod
    def of(cls, incidents: Iterable[Incident]) -> "Standing":
        """Returns the index over incidents."""
        found = cls()
        for incident in incidents:
            found.put(incident)
        return found

    def put(self, incident: Incident) -> None:
        """Adds or replaces an incident."""
        old = self.by_key.get(incident.key)
        if old is not None:
            self._forget(old)
        self.by_key[incident.key] = incident
        self._own.setdefault(incident.asset, set()).add(incident.key)
        if not incident.is_open:
            return
        for member in incident.members:
            self._around.setdefault(member.series.asset, set()).add(incident.key)
            if member.until is None:
                self._lasting.setdefault(member.series, set()).add(incident.key)
        if incident.members and not incident.lasting:
            self._clear.add(incident.key)
        if old is None or not old.is_open:
            heapq.heappush(self._passing, (passes_at(incident), incident.key))

    def remove(self, key: str) -> None:
        """Takes an incident out."""
        incident = self.by_key.pop(key, None)
        if incident is not None:
            self._forget(incident)

    def of_asset(self, asset: str) -> list[Incident]:
        """Returns incidents whose seed is the asset."""
        return [self.by_key[key] for key in self._own.get(asset, ())]

    def around(self, asset: str) -> list[Incident]:
        """Returns open incidents that the asset is a member of."""
        return [self.by_key[key] for key in self._around.get(asset, ())]

    def lasting(self, series: SeriesKey) -> list[Incident]:
        """Returns open incidents of which the series is a member that is not clear."""
        return [self.by_key[key] for key in self._lasting.get(series, ())]

    def clear(self) -> list[Incident]:
        """Returns open incidents whose members are all clear."""
        return [self.by_key[key] for key in self._clear]

    def passed(self, before: datetime) -> list[Incident]:
        """Returns open incidents that were over before a time if nothing more was heard."""
        return [self.by_key[key] for _, key in self._until(before) if key in self.by_key]

    def _until(self, before: datetime) -> Iterator[tuple[datetime, str]]:
        """Yields the heap's items before a time; what stands no more on its top is dropped."""
        heap = self._passing
        while heap and heap[0][0] < before:
            incident = self.by_key.get(heap[0][1])
            if incident is not None and incident.is_open and incident.outcome is None:
                break
            heapq.heappop(heap)
        waiting = [0]
        while waiting:
            place = waiting.pop()
            if place < len(heap) and heap[place][0] < before:
                yield heap[place]
                waiting += [2 * place + 1, 2 * place + 2]

    def _forget(self, incident: Incident) -> None:
        _drop(self._own, incident.asset, incident.key)
        self._clear.discard(incident.key)
        for member in incident.members:
            _drop(self._around, member.series.asset, incident.key)
            _drop(self._lasting, member.series, incident.key)


@dataclass(slots=True)
class View:
    """What stands in the middle of a round: the index, and over it what the round changed."""

    base: Standing
    changed: Standing = field(default_factory=Standing)

    def put(self, incident: Incident) -> None:
        """Takes in what the round has changed; the index below stays as it is."""
        self.changed.put(incident)

    def now(self, incident: Incident) -> Incident:
        """Returns the incident as it is now."""
        return self.changed.by_key.get(incident.key, incident)

    def own(self, asset: str) -> Incident | None:
        """Returns the newest open incident whose seed is the asset."""
        found = [i for i in self._of_asset(asset) if i.is_open]
        return max(found, key=_age, default=None)

    def recent(self, asset: str) -> Incident | None:
        """Returns the incident of the asset that closed last."""
        found = [i for i in self._of_asset(asset) if not i.is_open]
        return max(found, key=lambda i: (ended_at(i), i.key), default=None)

    def around(self, asset: str) -> list[Incident]:
        """Returns open incidents that the asset is a member of, oldest first."""
        below, above = self.base.around(asset), self.changed.around(asset)
        return sorted(self._newest(below, above), key=_age)

    def lasting(self, series: SeriesKey) -> list[Incident]:
        """Returns open incidents of which the series is a member that is not clear."""
        return self._newest(self.base.lasting(series), self.changed.lasting(series))

    def clear(self) -> list[Incident]:
        """Returns open incidents whose members are all clear."""
        return self._newest(self.base.clear(), self.changed.clear())

    def passed(self, before: datetime) -> list[Incident]:
        """Returns open incidents that were over before a time if nothing more was heard."""
        found = {i.key: self.now(i) for i in self.base.passed(before)}
        return [i for i in found.values() if i.is_open]

    def _of_asset(self, asset: str) -> list[Incident]:
        return self._newest(self.base.of_asset(asset), self.changed.of_asset(asset))

    def _newest(self, below: Sequence[Incident], above: Sequence[Incident]) -> list[Incident]:
        kept = [i for i in below if i.key not in self.changed.by_key]
        return [*kept, *above]


def passes_at(incident: Incident) -> datetime:
    """Returns when an open incident is over if nothing more is heard of it."""
    if incident.predicted is not None:
        return incident.predicted.late
    return incident.opened_at if incident.series.metric == REPORTED else _NEVER


def _age(incident: Incident) -> tuple[datetime, str]:
    return incident.opened_at, incident.key


def _drop(index: dict[K, set[str]], place: K, key: str) -> None:
    keys = index.get(place)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del index[place]
