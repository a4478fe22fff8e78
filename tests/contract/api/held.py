"""An in-memory ledger behind the API."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from aiops.domain.access import Credential
from aiops.domain.answer import Answer
from aiops.domain.asset import Asset, Viewer
from aiops.domain.change import Change
from aiops.domain.decision import Decision
from aiops.domain.forecast import Crossing
from aiops.domain.identity import Sighting
from aiops.domain.incident import (
    Incident,
)
from aiops.domain.metric import Limit, Metric
from aiops.domain.risk import Risk
from aiops.domain.run import (
    Run,
)
from aiops.domain.series import SeriesInfo
from aiops.domain.ticket import Ticket

NOW = datetime(2026, 11, 24, 16, 40, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class MemoryLedger:
    """Holds lists; filters by the viewer as the real ledger promises."""

    def __init__(self) -> None:
        self.assets_held: list[Asset] = []
        self.sightings_held: list[Sighting] = []
        self.risks_held: list[Risk] = []
        self.incidents_held: list[Incident] = []
        self.crossings_held: list[Crossing] = []
        self.decisions_held: list[Decision] = []
        self.tickets_held: dict[str, list[Ticket]] = {}
        self.runs_held: list[Run] = []
        self.changes_held: list[Change] = []
        self.answers_held: list[Answer] = []
        self.credentials: dict[str, Credential] = {}
        self.metrics_held: dict[str, Metric] = {}
        self.limits_held: list[Limit] = []
        self.series: list[SeriesInfo] = []
        self.catalogue = SimpleNamespace(all=lambda: list(self.series))

    def _sees(self, viewer: Viewer, key: str) -> bool:
        return any(a.key == key and viewer.may_see(a) for a in self.assets_held)

    def assets(self, viewer):
        return [a for a in self.assets_held if viewer.may_see(a)]

    def asset(self, viewer, key):
        return next((a for a in self.assets(viewer) if a.key == key), None)

    def metrics(self):
        return self.metrics_held

    def limits(self):
        return self.limits_held

    def sightings(self, asset=None):
        return [s for s in self.sightings_held if asset in (None, s.asset)]

    def edges(self):
        return []

    def credential(self, digest):
        return self.credentials.get(digest)

    def put_credential(self, credential):
        self.credentials[credential.digest] = credential

    def delete_credential(self, digest):
        self.credentials.pop(digest, None)

    def incident(self, viewer, key):
        return next((i for i in self.incidents(viewer) if i.key == key), None)

    def incident_numbered(self, viewer, number):
        return next((i for i in self.incidents(viewer) if i.number == number), None)

    def anomalies(self, viewer, asset, start, end):
        return []

    def messages_of(self, incident_key, destination=None):
        return []

    def put_incident(self, incident):
        others = [i for i in self.incidents_held if i.key != incident.key]
        self.incidents_held = [*others, incident]
        return incident

    def put_incidents(self, incidents):
        return [self.put_incident(each) for each in incidents]

    def incidents(self, viewer, *, open_only=False, asset=None, limit=1000):
        found = [
            i
            for i in self.incidents_held
            if self._sees(viewer, i.asset)
            and (i.is_open or not open_only)
            and asset in (None, i.asset)
        ]
        return sorted(found, key=lambda i: i.opened_at, reverse=True)[:limit]

    def risks(self, viewer):
        return [r for r in self.risks_held if self._sees(viewer, r.asset)]

    def crossings(self, viewer, asset=None):
        return [
            c
            for c in self.crossings_held
            if self._sees(viewer, c.series.asset) and asset in (None, c.series.asset)
        ]

    def crossing_history(self, viewer, asset, start, end):
        return [c for c in self.crossings(viewer, asset) if start <= c.origin < end]

    def decisions(self, viewer, *, subject=None, asset=None, limit):
        found = [
            d
            for d in self.decisions_held
            if self._sees(viewer, d.asset)
            and asset in (None, d.asset)
            and subject in (None, d.subject)
        ]
        return sorted(found, key=lambda d: d.at, reverse=True)[:limit]

    def run(self, viewer, identity):
        return next((r for r in self.runs(viewer) if r.id == identity), None)

    def runs(self, viewer, *, incident=None, states=(), started_since=None, limit=1000):
        found = [
            r
            for r in self.runs_held
            if self._sees(viewer, r.asset)
            and incident in (None, r.incident)
            and (not states or r.state in states)
        ]
        return sorted(found, key=lambda r: r.requested_at, reverse=True)[:limit]

    def changes(self, viewer, start, end):
        return [
            c
            for c in self.changes_held
            if self._sees(viewer, c.asset) and c.start < end and c.end >= start
        ]

    def note(self, name):
        return {}

    def answers(self, viewer, *, limit=1000):
        return [a for a in self.answers_held if self._sees(viewer, a.asset)][:limit]

    def ticketed(self, incident_keys):
        return frozenset(self.tickets_held) & frozenset(incident_keys)

    def audit_rows(self, limit=1000):
        return []

    def verify_audit(self):
        return None

    def tickets(self, incident_key):
        return self.tickets_held.get(incident_key, [])
