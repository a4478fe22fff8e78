"""The incidents that a round looks at: open ones and those closed a short while ago."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiops.domain.incident import Incident
from aiops.incident.decided import Decided, Loose, Memory
from aiops.incident.ending import ended_at
from aiops.incident.settings import IncidentSettings
from aiops.incident.spent import Spent
from aiops.incident.standing import Standing


@dataclass(slots=True)
class IncidentBook:
    """A cache of the ledger's rows; refreshed only after the transaction that changed them."""

    settings: IncidentSettings
    memory: Memory = field(default_factory=Memory)
    standing: Standing = field(default_factory=Standing)
    loose: Loose | None = None
    spent: Spent = field(default_factory=Spent)
    _closed: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def by_key(self) -> Mapping[str, Incident]:
        """Every incident that is remembered."""
        return self.standing.by_key

    def load(self, incidents: Iterable[Incident], memory: Memory) -> None:
        """Starts from what the ledger holds."""
        self.standing, self.spent, self.loose, self._closed = Standing(), Spent(), None, []
        self._put(incidents)
        self.memory = memory

    def forget(self, now: datetime) -> None:
        """Forgets what closed so long ago that nothing returns to it."""
        while self._closed and now - self._closed[0][0] > self.settings.reopen_within:
            at, key = heapq.heappop(self._closed)
            incident = self.by_key.get(key)
            if incident is not None and not incident.is_open and ended_at(incident) == at:
                self.standing.remove(key)

    def take(self, changed: Iterable[Incident], decided: Decided) -> None:
        """Takes in what was committed."""
        self._put(changed)
        self.memory = decided.memory
        if decided.loose is not None:
            self.loose = decided.loose

    def _put(self, incidents: Iterable[Incident]) -> None:
        for incident in incidents:
            self.standing.put(incident)
            self.spent.note(incident)
            if not incident.is_open:
                heapq.heappush(self._closed, (ended_at(incident), incident.key))
