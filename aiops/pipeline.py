"""The data's way through the service. Start reading here.

    collect → check quality → store → detect ┐
                                     forecast ┴→ assess risk → open / update / close
                                                  → push ticket → learn from the outcome

Nothing here reads a clock: every step gets ``now``. One analysed window is one
transaction: what was decided and what is to be sent are committed together or not at all.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiops import __version__
from aiops.collect.fleet import Fleet
from aiops.collect.gate import Gate
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.ledger import Ledger, LedgerTransaction, Window
from aiops.detect.fleet import DetectFleet
from aiops.detect.windows import Due
from aiops.domain.asset import SYSTEM
from aiops.domain.decision import Reason
from aiops.domain.event import Failure, Maintenance
from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident
from aiops.domain.instant import duration, from_ns, to_ns
from aiops.domain.series import Samples
from aiops.domain.ticket import Ticket
from aiops.forecast.fleet import ForecastFleet
from aiops.incident.act import PersonAction, act
from aiops.incident.book import IncidentBook
from aiops.incident.decide import Decided, Memory, decide
from aiops.incident.open import OpeningRules
from aiops.risk.board import RiskBoard
from aiops.store.panels import LivePanels
from aiops.ticket.dispatch import Outgoing

MEMORY = "incident memory"
"""Name of the ledger's note that keeps how often in a row each series was above its bar."""


@dataclass(frozen=True, slots=True)
class Events:
    """What was reported from outside since the last round."""

    failures: Sequence[Failure] = ()
    repairs: Sequence[Maintenance] = ()


@dataclass(slots=True)
class Pipeline:
    """The stages in their order; each takes and returns domain values."""

    ledger: Ledger
    fleet: Fleet
    gate: Gate
    panels: LivePanels
    detect: DetectFleet
    forecast: ForecastFleet
    risk: RiskBoard
    opening: OpeningRules
    incidents: IncidentBook
    outgoing: Outgoing
    _cursors: dict[str, Cursor] = field(default_factory=dict)
    _reported: list[Failure | Maintenance] = field(default_factory=list)
    _one_at_a_time: threading.RLock = field(default_factory=threading.RLock)

    def load(self) -> None:
        """Takes up where the last run ended."""
        self.fleet.load()
        self.fleet.load_first(self.panels.earliest)
        self.detect.load(self.fleet)
        self.risk.note(self.ledger.crossings(SYSTEM), ())
        memory = Memory({key: int(n) for key, n in self.ledger.note(MEMORY).items()})
        self.incidents.load(self.ledger.incidents(SYSTEM), memory)

    def collect(
        self,
        source: str,
        interval_ns: int,
        collection: Collection,
        inventory: Inventory,
        now: datetime,
    ) -> Mapping[str, int]:
        """Checks quality, makes the samples durable, then remembers the cursor.

        Returns:
            Reason to count of samples that were not let in.
        """
        gated = self.gate.check(source, collection.batch, now, self.fleet.metrics)
        ids = self.fleet.register(source, interval_ns, gated.batch.series, inventory, now)
        samples = Samples(ids[gated.batch.rows], gated.batch.times, gated.batch.values)
        self.panels.ingest(samples)
        self.fleet.note_first(samples.ids, samples.times)
        if self._cursors.get(source) != collection.cursor:
            self.ledger.put_cursor(source, collection.cursor)
            self._cursors[source] = collection.cursor
        return gated.dropped

    def report(self, events: Events) -> None:
        """Takes note of what happened; each round looks at what lies before its own time."""
        with self._one_at_a_time:
            self._reported.extend([*events.failures, *events.repairs])

    def analyse(self, now: datetime, fence: int | None = None) -> int:
        """Runs every window that is due, oldest first, and returns how many there were."""
        with self._one_at_a_time:
            due = self.detect.due(to_ns(now), self.fleet)
            for window in due:
                self._analyse(window, fence)
            return len(due)

    def act(
        self, incident: Incident, action: PersonAction, who: str, note: str, now: datetime
    ) -> Incident:
        """Carries out a person's order in one audited transaction.

        Raises:
            Refused: The incident is already closed and the order is not a verdict.
        """
        return self._act(incident, action, who, note, now, Reason.BY_PERSON)

    def close_by_ticket(self, incident: Incident, ticket: Ticket, now: datetime) -> Incident:
        """Closes an incident whose ticket was closed over there."""
        who, note = f"ticket:{ticket.destination}", f"{ticket.id} is {ticket.status}"
        return self._act(incident, PersonAction.CLOSE, who, note, now, Reason.BY_TICKET)

    def _act(
        self,
        incident: Incident,
        action: PersonAction,
        who: str,
        note: str,
        now: datetime,
        reason: Reason,
    ) -> Incident:
        with self._one_at_a_time:
            current = self.incidents.by_key.get(incident.key, incident)
            decided = act(current, action, who, note, now, self.incidents.memory, reason)
            with self.ledger.begin() as tx:
                stored = self._commit(tx, decided, now)
                before = {"state": current.state.value, "outcome": _outcome(current)}
                after = {"state": stored[0].state.value, "outcome": _outcome(stored[0])}
                tx.audit(now, who, action.value, current.key, before, after)
            self.incidents.take(stored, decided.memory)
            return stored[0]

    def _analyse(self, due: Due, fence: int | None) -> None:
        now = from_ns(due.decided_at)
        reported = [event for event in self._reported if event_time(event) <= now]
        panel = self.detect.read(due, self.fleet)
        anomalies = self.detect.update(due, panel)
        met = self.forecast.met(due, self.fleet, panel)
        seen = {crossing.series for crossing in met}
        foreseen = self.forecast.foresee(due, self.fleet) if due.forecast else []
        crossings = [*met, *(c for c in foreseen if c.series not in seen)]
        touched = self.risk.note(crossings, anomalies)
        valid_for = duration(self.forecast.cadence_ns(due.step_ns)) * 2
        risks = self.risk.assess(touched, self.fleet.assets, self.fleet.services, now, valid_for)
        decided = decide(
            now,
            self.incidents.standing(now),
            crossings,
            [event for event in reported if isinstance(event, Failure)],
            [event for event in reported if isinstance(event, Maintenance)],
            self.incidents.memory,
            self.opening.opening(self.fleet, due.end, self._evidence),
            self.incidents.settings,
        )
        with self.ledger.begin(fence) as tx:
            if not tx.put_window(Window(due.shard, "detect", due.end)):
                return
            tx.put_anomalies(anomalies)
            tx.put_crossings(crossings)
            tx.put_risks(risks)
            stored = self._commit(tx, decided, now)
        self._reported = [event for event in self._reported if event not in reported]
        self.detect.commit(due)
        self.incidents.take(stored, decided.memory)

    def _evidence(self, crossing: Crossing) -> Mapping[str, Any]:
        versions = {"aiops": __version__, "detector": self.detect.stage.version}
        return {
            **self.forecast.evidence(crossing, self.fleet),
            "contributions": self.risk.contributions(crossing.series.asset),
            "versions": versions,
        }

    def _commit(self, tx: LedgerTransaction, decided: Decided, now: datetime) -> list[Incident]:
        stored = {key: tx.put_incident(incident) for key, incident in decided.changed.items()}
        sent = [
            decision
            for notice in decided.notices
            for decision in self.outgoing.enqueue(tx, stored[notice.incident.key], notice, now)
        ]
        tx.put_decisions([*decided.decisions, *sent])
        if decided.memory != self.incidents.memory:
            tx.put_note(MEMORY, decided.memory.streak)
        return list(stored.values())


def event_time(event: Failure | Maintenance) -> datetime:
    """Returns when it became known."""
    return event.at if isinstance(event, Failure) else event.start


def _outcome(incident: Incident) -> str:
    return incident.outcome.kind.value if incident.outcome else ""
