"""What incidents cost at the user's prices: downtime that was there, and false alarms."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from aiops.domain.incident import Incident, IncidentKind, OutcomeKind
from aiops.learn.prices import Prices

_WRONG: Final = frozenset({OutcomeKind.FALSE, OutcomeKind.EXPIRED})
_HOUR: Final = timedelta(hours=1)


def downtime(incident: Incident, until: datetime | None = None) -> tuple[datetime, datetime] | None:
    """Returns from when to when an incident's asset had failed; None when it had not.

    Args:
        until: What an incident that is not closed yet counts to; without it it counts for none.
    """
    outcome = incident.outcome
    end = incident.closed_at or until
    if end is None or (outcome is not None and outcome.kind in _WRONG):
        return None
    if incident.kind is IncidentKind.REACTIVE:
        if incident.is_strange:
            return None
        since = incident.evidence.get("since")
        start = datetime.fromisoformat(since) if isinstance(since, str) else incident.opened_at
        return min(start, end), end
    if outcome is None or outcome.kind is not OutcomeKind.HAPPENED:
        return None
    return min(outcome.at, end), end


def cost_of(incident: Incident, prices: Prices) -> float | None:
    """Returns what a closed incident has cost; None when it is not known yet."""
    span = downtime(incident)
    if span is not None:
        return (span[1] - span[0]) / _HOUR * prices.per_hour(incident)
    if incident.outcome is None or incident.closed_at is None:
        return None
    return prices.false_alarm if incident.outcome.kind in _WRONG else 0.0


def total(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """Returns how long at least one of the spans lasted.

    >>> at = datetime(2026, 1, 1)
    >>> total([(at, at + 2 * _HOUR), (at + _HOUR, at + 3 * _HOUR)]) / _HOUR
    3.0
    """
    whole, until = timedelta(0), None
    for start, end in sorted(spans):
        begin = start if until is None else max(start, until)
        if end > begin:
            whole += end - begin
            until = end
    return whole


def clipped(
    spans: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """Returns the parts of spans inside ``[start, end)``."""
    return [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]
