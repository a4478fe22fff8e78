"""An incident, its assets, a real ledger, and an automation that runs real programs."""

import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiops.automate.desk import Desk
from aiops.automate.runbook import Parameter, ParameterSource, Runbook, Step
from aiops.automate.settings import AutomateSettings
from aiops.automate.stage import Automation, Leadership
from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.incident import Incident, IncidentKind, IncidentState, Stage, incident_key
from aiops.domain.run import Run, RunState, Tier
from aiops.domain.series import SeriesKey
from aiops.ledger.open import open_ledger
from tests.waiting import wait_for

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
VOLUME = "db-07/volume:/data"
ASSETS = {
    "db-07": Asset("db-07", "host", owner="dba"),
    VOLUME: Asset(VOLUME, "volume", owner="dba", parent="db-07"),
}
ON = AutomateSettings(enabled=True, at_once=2, per_hour=100, per_asset=100, blast_radius=100)


def an_incident(onset=0, asset=VOLUME, stage=Stage.ACT, **labels):
    series = SeriesKey.of(asset, "system.filesystem.utilization", labels or {"device": "sda1"})
    key = incident_key("i", asset, series.signal, onset)
    return Incident(
        key, IncidentKind.PREDICTIVE, asset, series, IncidentState.OPEN, stage, NOW, NOW, number=7
    )


def a_runbook(*words, **fields):
    steps = fields.pop("steps", (Step("do", run=words or ("true",)),))
    given = {"name": "free-space", "title": "Free space", "tier": Tier.MEDIUM, **fields}
    return Runbook(steps=steps, **given)


def device(pattern="[a-z0-9]+"):
    return Parameter("device", ParameterSource.LABEL, "device", pattern)


class Scene:
    """What a daemon is to the stage; time stands still, programs do not."""

    def __init__(self, path, *runbooks, settings=ON):
        self.path = path
        self.now = NOW
        self.fence = None
        self.ledger = open_ledger(f"sqlite:///{path}/ledger.db", NOW, durable=False)
        self.fence = self.ledger.acquire_lease("test", timedelta(days=365), NOW)
        self.start(*runbooks, settings=settings)

    def start(self, *runbooks, settings=ON):
        daemon = Leadership(lambda: self.now, time.monotonic, lambda: self.fence, lambda: ASSETS)
        self.automation = Automation(Desk(self.ledger, settings, runbooks), daemon)
        self.desk = self.automation.desk

    def open(self, *incidents):
        with self.ledger.begin() as tx:
            for incident in incidents:
                tx.put_incident(incident)

    def close_incident(self, incident):
        self.open(replace(incident, state=IncidentState.CLOSED))

    def tick(self, *incidents):
        self.automation.tick(incidents, self.now)

    def run(self, identity=None) -> Run:
        runs = self.ledger.runs(SYSTEM)
        return next(r for r in runs if identity in (None, r.id))

    def wait(self, identity=None) -> Run:
        def over():
            run = self.run(identity)
            return run if run.state.is_over else None

        return wait_for(over, every=0.02)

    def wait_until_running(self):
        wait_for(lambda: self.run().state is RunState.RUNNING, every=0.02)

    def carry_out(self, incident, *people):
        """Proposes, lets people approve, and waits for the end."""
        self.open(incident)
        self.tick(incident)
        for who in people:
            run = self.run()
            self.desk.approve(run, run.digest, who, self.now)
        self.tick(incident)
        return self.wait()


@contextmanager
def scene(path, *runbooks, settings=ON):
    made = Scene(path, *runbooks, settings=settings)
    try:
        yield made
    finally:
        made.automation.close()
        made.ledger.close()
