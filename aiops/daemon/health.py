"""Whether the service does its work, and since when not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(slots=True)
class Health:
    """What ``/readyz`` answers from: it turns false when analysis stops, not when the process does.

    Attributes:
        analysed_at: End of the last round of analysis that went through.
        slowest: Longest time between two rounds that is still well.
    """

    started_at: datetime
    slowest: timedelta = timedelta(seconds=60)
    analysed_at: datetime | None = None
    settled: bool = False
    stopping: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    def is_ready(self, now: datetime) -> bool:
        """Whether start-up has settled, nothing is stopping and analysis goes on."""
        if not self.settled or self.stopping:
            return False
        return now - (self.analysed_at or self.started_at) <= self.slowest

    def state(self, now: datetime) -> str:
        """Returns ``starting``, ``stopping``, ``stalled``, ``degraded`` or ``ready``."""
        if self.stopping:
            return "stopping"
        if not self.settled:
            return "starting"
        if not self.is_ready(now):
            return "stalled"
        return "degraded" if self.errors else "ready"

    def report(self, now: datetime) -> Mapping[str, Any]:
        """Returns plain values for the status page."""
        return {
            "state": self.state(now),
            "started_at": self.started_at.isoformat(),
            "analysed_at": self.analysed_at.isoformat() if self.analysed_at else None,
            "errors": dict(self.errors),
        }
