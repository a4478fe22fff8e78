"""What people tell the running service: orders, verdicts, failures and repairs, silences."""

from aiops.api.service import ActionOrder
from aiops.contracts.clock import Clock
from aiops.contracts.errors import Unavailable
from aiops.daemon.files import DataDirectory
from aiops.domain.asset import SYSTEM
from aiops.domain.event import Failure, Holiday, Maintenance
from aiops.domain.incident import Incident
from aiops.domain.silence import Silence
from aiops.incident.act import Order, PersonAction
from aiops.ledger.sql import SqlLedger
from aiops.pipeline import Pipeline
from aiops.ticket.verdict import read_verdict


class Ordering:
    """The part of the service that takes people's word; the service brings what it works on."""

    clock: Clock
    ledger: SqlLedger
    files: DataDirectory
    fence: int | None
    pipeline: Pipeline

    def act(self, order: ActionOrder) -> Incident:
        """Carries out a person's order.

        Raises:
            KeyError: The viewer sees no such incident.
            Refused: The incident's state does not allow it.
            Unavailable: Another daemon leads.
        """
        incident = self.ledger.incident(order.viewer, order.incident_key)
        if incident is None:
            raise KeyError(order.incident_key)
        other = self.ledger.incident(order.viewer, order.into) if order.into else None
        if order.into and other is None:
            raise KeyError(order.into)
        self._must_lead()
        told = Order(
            order.action,
            order.viewer.name or "api",
            order.note,
            due=order.until,
            assignee=order.assignee,
            other=other,
            series=order.series,
        )
        return self.pipeline.act(incident, told, order.at)

    def report(self, event: Failure | Maintenance | Holiday, who: str) -> None:
        """Takes note of a failure, a repair or days off; the next round looks at it.

        Raises:
            Unavailable: Another daemon leads.
        """
        self._must_lead()
        self.pipeline.orders.report(event, who, self.clock.now())

    def judgeable(self, token: str) -> tuple[Incident, str] | None:
        """Returns the incident and the verdict of a signed link; None when it is not valid."""
        found = read_verdict(self.files.link_key(), token, self.clock.now())
        incident = self.ledger.incident(SYSTEM, found[0]) if found else None
        return (incident, found[1]) if found and incident else None

    def judge(self, token: str) -> Incident | None:
        """Gives the verdict of a signed link; None when it is not valid (any more).

        Raises:
            Unavailable: Another daemon leads.
        """
        found = self.judgeable(token)
        if found is None:
            return None
        self._must_lead()
        incident, verdict = found
        return self.pipeline.act(incident, Order(PersonAction(verdict), "link"), self.clock.now())

    def silences(self) -> list[Silence]:
        """Returns the silences that are not over."""
        return self.pipeline.orders.silences(self.clock.now())

    def silence(self, silence: Silence) -> None:
        """Withholds messages about matching assets until a time."""
        self.pipeline.orders.silence(silence, self.clock.now())

    def end_silence(self, identity: str, who: str) -> None:
        """Ends a silence early.

        Raises:
            KeyError: There is no such silence.
        """
        self.pipeline.orders.end_silence(identity, who, self.clock.now())

    def _must_lead(self) -> None:
        if self.fence is None:
            raise Unavailable("this daemon does not lead; ask the one that does")
