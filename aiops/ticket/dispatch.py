"""From a notice to outbox rows: who is told, or the reason why nobody is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiops.contracts.ledger import LedgerTransaction
from aiops.domain.decision import Decision, Reason
from aiops.domain.incident import Incident, Stage
from aiops.domain.ticket import TicketAction, TicketDraft

Compose = Callable[[Incident, TicketAction], TicketDraft]


class Told(Protocol):
    """What is to be told."""

    @property
    def action(self) -> TicketAction:
        """What the foreign system should show."""
        ...

    @property
    def reason(self) -> Reason:
        """Why."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Queues one draft for each destination, if the incident's stage allows it."""

    destinations: Sequence[str]
    compose: Compose

    def enqueue(
        self, tx: LedgerTransaction, incident: Incident, told: Told, now: datetime
    ) -> list[Decision]:
        """Adds outbox rows in the transaction and returns a decision for each destination.

        Withheld messages get a decision too, so that "why was I not told?" has an answer.
        """
        withheld = withhold_reason(incident.stage, len(self.destinations))
        if withheld is not None:
            detail = f"{told.action.value} not sent"
            return [Decision(now, incident.key, incident.asset, "withhold", withheld, detail)]
        decisions = []
        for destination in self.destinations:
            message = tx.enqueue(destination, self.compose(incident, told.action), now)
            action = "send" if message is not None else "withhold"
            reason = told.reason if message is not None else Reason.ALREADY_OVER
            detail = f"{told.action.value} to {destination}"
            decisions.append(Decision(now, incident.key, incident.asset, action, reason, detail))
        return decisions


def withhold_reason(stage: Stage, destinations: int) -> Reason | None:
    """Returns why nothing may be sent, or None when it may.

    >>> withhold_reason(Stage.SHADOW, 1).value
    'stage_shadow'
    """
    if stage is Stage.SHADOW:
        return Reason.STAGE_SHADOW
    if stage is Stage.SUGGEST:
        return Reason.STAGE_SUGGEST
    return None if destinations else Reason.NO_DESTINATION
