"""What a team's false-alarm budget was spent on: incidents opened on anomalies alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from aiops.domain.incident import Incident, MemberSource, OutcomeKind

EXCESS: Final = "excess"
"""Name, in the evidence, of how far above the bar an incident on anomalies was."""
_WEEK: Final = timedelta(days=7)
_KEPT: Final = 52 * _WEEK


@dataclass(slots=True)
class Spent:
    """Unconfirmed incidents by team, with how strong they were.

    A failure that was seen, a limit that was met, or a person's word that it was right gives
    the budget back.
    """

    by_key: dict[str, tuple[str, datetime, float]] = field(default_factory=dict)

    def note(self, incident: Incident) -> None:
        """Takes note of an incident as it is now."""
        excess = incident.evidence.get(EXCESS)
        if not isinstance(excess, int | float):
            return
        if is_confirmed(incident):
            self.by_key.pop(incident.key, None)
        else:
            self.by_key[incident.key] = incident.owner, incident.opened_at, float(excess)

    def least(
        self, team: str, per_week: float, now: datetime, fresh: Iterable[Incident] = ()
    ) -> float:
        """Returns what the excess of a new incident must be above, 0 while budget is left.

        With nothing left only what is stranger than everything since the budget was full is
        told: a week that begins badly does not hide the worst of it.

        Args:
            fresh: Incidents of this round, which are not noted yet.
        """
        if per_week <= 0:
            return float("inf")
        span = _WEEK if per_week >= 1 else min(_WEEK / per_week, _KEPT)
        known = [(at, x) for owner, at, x in self.by_key.values() if owner == team]
        recent = [excess for at, excess in known if now - at < span]
        recent += [
            float(i.evidence[EXCESS])
            for i in fresh
            if i.owner == team and i.opened_at == now and EXCESS in i.evidence
        ]
        return max(recent) if len(recent) >= max(1, int(per_week)) else 0.0


def is_confirmed(incident: Incident) -> bool:
    """Whether something beside anomalies says that the incident was right."""
    said = incident.outcome is not None and incident.outcome.kind in _RIGHT
    return said or any(member.source is MemberSource.LIMIT for member in incident.members)


_RIGHT: Final = frozenset({OutcomeKind.HAPPENED, OutcomeKind.AVERTED})
