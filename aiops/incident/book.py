"""The incidents that a round looks at: open ones and those closed a short while ago."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from aiops.domain.incident import Incident
from aiops.incident.decide import Memory
from aiops.incident.ending import ended_at
from aiops.incident.settings import IncidentSettings


@dataclass(slots=True)
class IncidentBook:
    """A cache of the ledger's rows; refreshed only after the transaction that changed them."""

    settings: IncidentSettings
    memory: Memory = field(default_factory=Memory)
    by_key: dict[str, Incident] = field(default_factory=dict)

    def load(self, incidents: Iterable[Incident], memory: Memory) -> None:
        """Starts from what the ledger holds."""
        self.by_key = {incident.key: incident for incident in incidents}
        self.memory = memory

    def standing(self, now: datetime) -> list[Incident]:
        """Returns open incidents and those closed within ``reopen_within``, forgetting others."""
        gone = [
            key
            for key, incident in self.by_key.items()
            if not incident.is_open and now - ended_at(incident) > self.settings.reopen_within
        ]
        for key in gone:
            del self.by_key[key]
        return list(self.by_key.values())

    def take(self, changed: Iterable[Incident], memory: Memory) -> None:
        """Takes in what was committed."""
        self.by_key.update((incident.key, incident) for incident in changed)
        self.memory = memory
