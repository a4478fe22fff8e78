"""The ledger: everything decided, relational, one transaction per decision."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from aiops.contracts.collector import Cursor, Inventory
from aiops.contracts.store import Catalogue
from aiops.domain.access import Credential
from aiops.domain.anomaly import Anomaly
from aiops.domain.answer import Answer
from aiops.domain.asset import Asset, Edge, Viewer
from aiops.domain.change import Change
from aiops.domain.decision import Decision
from aiops.domain.forecast import Crossing
from aiops.domain.identity import Sighting
from aiops.domain.incident import Incident
from aiops.domain.metric import Limit, Metric
from aiops.domain.risk import Risk
from aiops.domain.run import Run, RunState
from aiops.domain.ticket import OutboxMessage, Ticket, TicketDraft


@dataclass(frozen=True, slots=True)
class Window:
    """One analysed window; ``(shard, analysis, end)`` is unique.

    Attributes:
        analysis: ``detect`` or ``forecast``.
        end: ns.
        state: ``done``, ``skipped`` (older than the catch-up bound) or ``revised``.
    """

    shard: str
    analysis: str
    end: int
    state: str = "done"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A saved detector or forecaster state: the file is written and synced before this row."""

    name: str
    version: str
    shard: str
    window_end: int
    path: str
    series: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who changed what, when and from where; rows are hash-chained."""

    at: datetime
    who: str
    what: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    digest: str = ""


class LedgerTransaction(Protocol):
    """Writes that are committed together or not at all."""

    def put_window(self, window: Window) -> bool:
        """Records a window; False when another run has already committed it."""
        ...

    def put_incidents(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Inserts or replaces by key; returns them with their numbers, which never change."""
        ...

    def put_incident(self, incident: Incident) -> Incident:
        """Does so with one."""
        ...

    def put_anomalies(self, anomalies: Iterable[Anomaly]) -> None:
        """Inserts or updates by (series, start, detector)."""
        ...

    def put_crossings(self, crossings: Iterable[Crossing]) -> None:
        """Keeps the newest per series, and every one that has a probability ≥ 0.05."""
        ...

    def put_risks(self, risks: Iterable[Risk]) -> None:
        """Replaces the newest risk per asset."""
        ...

    def put_decisions(self, decisions: Iterable[Decision]) -> None:
        """Appends to the trace; equal consecutive decisions of a subject are merged."""
        ...

    def enqueue(self, destination: str, draft: TicketDraft, now: datetime) -> OutboxMessage | None:
        """Adds an outbox row; None when the newest row of that incident there is equal."""
        ...

    def put_message(self, message: OutboxMessage) -> None:
        """Replaces an outbox row by id."""
        ...

    def put_ticket(self, incident_key: str, ticket: Ticket) -> None:
        """Links a ticket to its incident."""
        ...

    def put_run(self, run: Run) -> bool:
        """Writes the next version of a run; False when that version was written before."""
        ...

    def put_change(self, change: Change) -> None:
        """Inserts or replaces a change by id."""
        ...

    def put_answer(self, answer: Answer) -> None:
        """Inserts or replaces the answer about an incident."""
        ...

    def put_sightings(self, sightings: Iterable[Sighting]) -> None:
        """Inserts or replaces by source and the source's own key."""
        ...

    def forget_assets(self, keys: Sequence[str]) -> None:
        """Drops assets that turned out to be others; those with an incident stay."""
        ...

    def put_edges(self, teller: str, edges: Iterable[Edge]) -> None:
        """Inserts dependencies that somebody tells of."""
        ...

    def forget_edges(self, teller: str, edges: Iterable[Edge]) -> None:
        """Drops dependencies that somebody no longer tells of; those others tell of stay."""
        ...

    def put_note(self, name: str, value: Mapping[str, Any]) -> None:
        """Remembers a small JSON value by name, in the transaction that it belongs to."""
        ...

    def put_checkpoint(self, checkpoint: Checkpoint) -> list[Checkpoint]:
        """Names a saved state; returns those beyond the newest two, whose files may go."""
        ...

    def audit(
        self,
        at: datetime,
        who: str,
        what: str,
        subject: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        """Appends to the hash-chained audit log."""
        ...


class Ledger(Protocol):
    """Reads are filtered by the viewer in this one place; writes carry a fencing token."""

    @property
    def catalogue(self) -> Catalogue:
        """Series keys to ids."""
        ...

    @property
    def installation(self) -> str:
        """Random id of this installation, made at first start."""
        ...

    # writing
    def begin(self, fence: int | None = None) -> AbstractContextManager[LedgerTransaction]:
        """Opens a transaction; commits at the end of the block, rolls back on any error.

        Raises:
            Fenced: The token is older than the newest lease: another daemon leads now.
        """
        ...

    def acquire_lease(self, owner: str, ttl: timedelta, now: datetime) -> int | None:
        """Takes or renews the leader lease; returns the fencing token, None if another holds it."""
        ...

    def release_lease(self, owner: str) -> None:
        """Gives the lease up, if held."""
        ...

    def put_inventory(self, source: str, inventory: Inventory, now: datetime) -> None:
        """Adds or updates assets, metrics, limits and edges a source has discovered.

        Of a whole inventory, edges that the source told before and does not tell now go,
        unless another source, or the configuration, tells of them.
        """
        ...

    def put_cursor(self, source: str, cursor: Cursor) -> None:
        """Remembers a collector's cursor; called after its batch is durable."""
        ...

    def put_credential(self, credential: Credential) -> None:
        """Inserts or replaces by digest."""
        ...

    def delete_credential(self, digest: str) -> None:
        """Removes a token, session or link."""
        ...

    # reading: configuration of the world
    def assets(self, viewer: Viewer) -> list[Asset]: ...
    def asset(self, viewer: Viewer, key: str) -> Asset | None: ...
    def asset_sources(self) -> dict[str, str]: ...
    def sightings(self, asset: str | None = None) -> list[Sighting]:
        """Returns what sources see, of one asset or all; the caller checks who may know."""
        ...

    def metrics(self) -> dict[str, Metric]: ...
    def limits(self) -> list[Limit]: ...
    def edges(self) -> list[Edge]: ...
    def cursor(self, source: str) -> Cursor: ...
    def credential(self, digest: str) -> Credential | None: ...

    # reading: what was decided
    def newest_window(self, shard: str, analysis: str) -> int | None: ...
    def checkpoint(self, name: str, version: str, shard: str) -> Checkpoint | None: ...
    def note(self, name: str) -> Mapping[str, Any]:
        """Returns the value last put under the name, empty when there is none."""
        ...

    def incident(self, viewer: Viewer, key: str) -> Incident | None: ...
    def incident_numbered(self, viewer: Viewer, number: int) -> Incident | None: ...
    def incidents(
        self,
        viewer: Viewer,
        *,
        open_only: bool = False,
        asset: str | None = None,
        limit: int = 1000,
    ) -> list[Incident]:
        """Newest first."""
        ...

    def risks(self, viewer: Viewer) -> list[Risk]: ...
    def crossings(self, viewer: Viewer, asset: str | None = None) -> list[Crossing]: ...
    def crossing_history(
        self, viewer: Viewer, asset: str, start: datetime, end: datetime
    ) -> list[Crossing]: ...
    def anomalies(
        self, viewer: Viewer, asset: str | None, start: datetime, end: datetime
    ) -> list[Anomaly]: ...
    def decisions(
        self, viewer: Viewer, *, subject: str | None = None, asset: str | None = None, limit: int
    ) -> list[Decision]: ...
    def messages(
        self, *, states: Sequence[str], destination: str | None = None, limit: int = 1000
    ) -> list[OutboxMessage]: ...
    def messages_of(self, incident_key: str, destination: str | None = None) -> list[OutboxMessage]:
        """Every row of an incident, at one destination or at all, in order."""
        ...

    def due_messages(
        self, now: datetime, limit: int = 100, destination: str | None = None
    ) -> list[OutboxMessage]:
        """Unfinished rows that may be tried now.

        At most one (the oldest) per incident and destination, so that their order is kept.
        """
        ...

    def tickets(self, incident_key: str) -> list[Ticket]: ...
    def open_tickets(
        self, destination: str, limit: int = 1000, after: str = ""
    ) -> list[tuple[str, Ticket]]:
        """Incident keys and tickets believed open at a destination, by id.

        Args:
            after: The last id of the page before.
        """
        ...

    def run(self, viewer: Viewer, identity: str) -> Run | None: ...
    def runs(
        self,
        viewer: Viewer,
        *,
        incident: str | None = None,
        states: Sequence[RunState] = (),
        started_since: datetime | None = None,
        limit: int = 1000,
    ) -> list[Run]:
        """Runs of runbooks, newest first."""
        ...

    def verified_runs(self, runbook: str, edition: str) -> int:
        """How often exactly this edition of a runbook has succeeded and passed its check."""
        ...

    def changes(self, viewer: Viewer, start: datetime, end: datetime) -> list[Change]:
        """Changes that touch ``[start, end)``, by start; ended ones count to their last moment."""
        ...

    def answers(self, viewer: Viewer, *, limit: int = 1000) -> list[Answer]:
        """Answers about closed incidents, newest first."""
        ...

    def ticketed(self, incident_keys: Sequence[str]) -> frozenset[str]:
        """Those of the incidents that have a ticket."""
        ...

    def audit_rows(self, limit: int = 1000) -> list[AuditRow]: ...
    def verify_audit(self) -> int | None:
        """Returns the number of the first row whose chain is broken, None when it is whole."""
        ...

    def status(self) -> Mapping[str, object]: ...
    def close(self) -> None: ...
