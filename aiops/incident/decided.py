"""What a round remembers, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiops.domain.anomaly import Anomaly
from aiops.domain.decision import Decision, Reason
from aiops.domain.incident import Incident
from aiops.domain.series import SeriesKey
from aiops.domain.ticket import TicketAction

Loose = Mapping[SeriesKey, Anomaly]
"""Anomalies that last, or ended a short while ago, and belong to no incident."""

MENDED: Final = "mended\x1f"
_ANSWERED: Final = "answered\x1f"
_ANSWERED_ANOMALY: Final = "answered anomaly\x1f"


@dataclass(frozen=True, slots=True)
class Memory:
    """How often in a row a series was above (positive) or below (negative) its bar.

    ``answered(series)`` beside them counts 1 while a person's answer to its risk stands.
    """

    streak: Mapping[str, int] = field(default_factory=dict)

    def with_answer(self, incident: Incident) -> "Memory":
        """Returns a memory in which a person has answered what the incident tells of."""
        series = incident.series
        heard = {answered_anomaly(member.series): 1 for member in incident.lasting}
        return Memory({**self.streak, **heard, answered(series): 1, series.text: 0})

    def without_answer(self, incident: Incident) -> "Memory":
        """Returns a memory in which nobody has answered what the incident tells of."""
        names = {answered(incident.series), *(answered_anomaly(m.series) for m in incident.members)}
        return Memory({name: count for name, count in self.streak.items() if name not in names})


def answered(series: SeriesKey) -> str:
    """Returns the name under which an answer is remembered; no series has a name like it."""
    return f"{_ANSWERED}{series.text}"


def answered_anomaly(series: SeriesKey) -> str:
    """Returns the name under which an answer to an anomaly is remembered until that ends."""
    return f"{_ANSWERED_ANOMALY}{series.text}"


def mended(asset: str, key: str) -> str:
    """Returns the name under which the time of a repair is remembered until it is judged."""
    return f"{MENDED}{asset}\x1f{key}"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the outside should be told, if the stage allows it."""

    incident: Incident
    action: TicketAction
    reason: Reason


@dataclass(slots=True)
class Decided:
    """What follows from one round: written in one transaction.

    Attributes:
        loose: Anomalies without an incident after the round; None where nothing was said of
            anomalies.
        seen: Anomalies of the round.
    """

    memory: Memory
    changed: dict[str, Incident] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    loose: Loose | None = None
    seen: Sequence[Anomaly] = ()
