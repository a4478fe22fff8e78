"""A small world behind the API: an in-memory ledger, drawn values, one service."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import httpx
import numpy as np

from aiops.api.access import new_token
from aiops.api.app import create_app
from aiops.api.service import ActionOrder, Serving
from aiops.contracts.receiver import Push, PushAnswer
from aiops.daemon.planning import plan_ahead
from aiops.daemon.server import HttpServer, listen
from aiops.domain.abstention import Abstention
from aiops.domain.access import Role
from aiops.domain.answer import Answer
from aiops.domain.asset import Asset, Viewer
from aiops.domain.change import Change
from aiops.domain.decision import Decision, Reason
from aiops.domain.forecast import Coverage, Crossing, Forecast
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Prediction,
    Stage,
    Transition,
    incident_key,
)
from aiops.domain.instant import to_ns
from aiops.domain.metric import Direction, Limit, Metric, MetricKind
from aiops.domain.panel import Panel
from aiops.domain.phrase import Phrase, verbatim
from aiops.domain.risk import Contribution, Risk
from aiops.domain.run import (
    Approval,
    Phase,
    RunReason,
    RunState,
    StepResult,
)
from aiops.domain.series import SeriesInfo, SeriesKey
from aiops.domain.silence import MaintenancePlan
from aiops.domain.ticket import Ticket
from aiops.forecast.fleet import ForecastFleet
from aiops.forecast.records import read_records
from aiops.forecast.settings import ForecastSettings
from aiops.incident.act import Order, act
from aiops.incident.decided import Memory
from aiops.learn.ladder import LadderRules
from aiops.learn.preview import read_preview
from aiops.learn.prices import Prices
from aiops.learn.value import read_value
from aiops.risk.change import Terms, read_assessment
from tests.contract.api.held import HOUR, NOW, MemoryLedger
from tests.contract.api.runs import FakeAutomation, a_run

DISK = "system.filesystem.utilization"
EVERYTHING = Viewer("ada", everything=True)
DAY_NS = 86400 * 10**9
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


class DrawnPanels:
    """Draws a value for every cell: a rise with a daily wave, seeded by the id."""

    def panel(self, ids, start, end, step, aggregation=None):
        width = int(step.total_seconds() * 1e9)
        times = np.arange(start, end, width, dtype=np.int64)
        hours = (times - to_ns(NOW)) / 3.6e12
        rows = [0.78 + 0.004 * hours + 0.03 * np.sin(hours / 3.8 + i) for i in ids]
        values = np.where(times <= to_ns(NOW), np.clip(np.array(rows), 0.02, 1), np.nan)
        return Panel.of(values, times, step, np.asarray(ids))


class FakeService:
    """What the daemon is to the API."""

    def __init__(self, serving: Serving | None = None) -> None:
        self.ledger = MemoryLedger()
        self.panels = DrawnPanels()
        self.serving = serving or Serving()
        self.time = NOW
        self.orders: list[ActionOrder] = []
        self.reports = []
        self.judged = []
        self.silences_held: list[object] = []
        self.pushed: list[tuple[str, str, Push]] = []
        self.automation = FakeAutomation(self.ledger)
        self.state: dict[str, object] = {
            "state": "ready",
            "currency": "EUR",
            "sources": [{"name": "this-host", "silent": False, "last_at": NOW.isoformat()}],
        }

    def limits(self):
        return self.ledger.limits()

    def now(self) -> datetime:
        return self.time

    def status(self) -> Mapping[str, object]:
        return self.state

    def ready(self) -> bool:
        return self.state["state"] == "ready"

    def metrics(self) -> str:
        return "# TYPE aiops_up gauge\naiops_up 1\n"

    def forecast(self, series: SeriesKey) -> Forecast | None:
        steps = np.arange(1, 49)
        middle = 0.78 + 0.004 * steps
        spread = 0.006 * np.sqrt(steps)
        quantiles = middle[:, None] + spread[:, None] * np.array([-1.64, -0.67, 0, 0.67, 1.64])
        return Forecast(
            series=np.array([0]),
            origin=to_ns(NOW.replace(minute=0, second=0)),
            step=HOUR,
            levels=LEVELS,
            quantiles=quantiles[None],
            reason=np.zeros(1, np.uint8),
            method="trend",
            version="1",
            coverage=(Coverage(0.9, 0.875, 240), Coverage(0.5, 0.5, 240)),
        )

    def act(self, order: ActionOrder) -> Incident:
        self.orders.append(order)
        found = self.ledger.incident(order.viewer, order.incident_key)
        assert found is not None
        other = self.ledger.incident(order.viewer, order.into) if order.into else None
        said = Order(
            order.action,
            order.viewer.name,
            order.note,
            order.until,
            order.assignee,
            other,
            order.series,
        )
        decided = act(found, said, order.at, Memory())
        for changed in decided.changed.values():
            self.ledger.put_incident(changed)
        self.ledger.decisions_held += decided.decisions
        return next(iter(decided.changed.values()))

    def push(self, kind, agent, push):
        self.pushed.append((kind, agent.source, push))
        return PushAnswer(204)

    def value(self, viewer, start, end):
        prices = Prices("EUR", 1000.0, 100.0, 4 * HOUR, {})
        books = ["vacuum-journal", "restart-agent"]
        return read_value(self.ledger, viewer, start, end, prices, LadderRules(), books)

    def judgeable(self, token):
        found = self.ledger.incidents_held
        return next(((i, "false") for i in found if token == f"good-{i.key}"), None)

    def judge(self, token):
        found = self.judgeable(token)
        self.judged.append(found)
        return found[0] if found else None

    def surveyed(self, token):
        found = self.ledger.incidents_held
        return next((i for i in found if token == f"good-{i.key}"), None)

    def answer(self, incident, score, who, note):
        answer = Answer(incident.key, incident.asset, score, NOW, who, note)
        self.ledger.answers_held.append(answer)
        return answer

    def plan(self, viewer, scenario):
        first = {info.id: to_ns(NOW) - 30 * DAY_NS for info in self.ledger.series}
        fleet = SimpleNamespace(
            limits=self.ledger.limits_held,
            metrics=self.ledger.metrics_held,
            first_ns=first,
            info=lambda key: next((i for i in self.ledger.series if i.key == key), None),
            zones=lambda infos: ["UTC"] * len(infos),
            series_by_step=lambda: {60 * 10**9: self.ledger.series},
        )
        stage = SimpleNamespace(settings=ForecastSettings())
        forecast = ForecastFleet(stage, self.panels.panel, LEVELS, None)
        pipeline = SimpleNamespace(fleet=fleet, forecast=forecast)
        return plan_ahead(pipeline, self.ledger, viewer, scenario, self.time)

    def assess(self, viewer, change):
        terms = Terms(MaintenancePlan(), {}, 1000.0, "EUR", 4 * HOUR)
        return read_assessment(self.ledger, viewer, change, terms, self.time)

    def preview(self, viewer, incident, verdict):
        return read_preview(self.ledger, viewer, incident, verdict, self.time)

    def records(self, viewer, asset, start):
        return read_records(self.ledger, self.panels, viewer, asset, start, self.time)

    def runbooks(self):
        return self.automation.state

    def report(self, event, who):
        self.reports.append((event, who))

    def silences(self):
        return self.silences_held

    def silence(self, silence):
        self.silences_held.append(silence)

    def end_silence(self, identity, who):
        self.silences_held = [s for s in self.silences_held if s.id != identity]

    def token(self, role: Role = Role.ADMIN, viewer: Viewer = EVERYTHING, ttl=HOUR) -> str:
        secret, credential = new_token("test", role, viewer, self.time, ttl)
        self.ledger.put_credential(credential)
        return secret


def make_world(name: str = "db-07", serving: Serving | None = None) -> FakeService:
    """One asset at risk with an open incident, parts, a healthy and a silent neighbour."""
    service = FakeService(serving)
    ledger = service.ledger
    volume = f"{name}/volume:/data"
    zone = "Asia/Shanghai"
    ledger.assets_held = [
        Asset(name, "host", site="Shenzhen", time_zone=zone, owner="dba", service="billing"),
        Asset(
            volume,
            "volume",
            f"{name} /data",
            "Shenzhen",
            time_zone=zone,
            owner="dba",
            parent=name,
            criticality=0.9,
        ),
        Asset("web-01", "host", site="Kassel", owner="web"),
        Asset("edge-12", "host", site="Kassel"),
    ]
    ledger.metrics_held = {
        DISK: Metric(DISK, "1", bad_direction=Direction.UP, floor=0, ceiling=1),
        "system.network.io": Metric("system.network.io", "By", MetricKind.COUNTER),
        "system.cpu.utilization": Metric("system.cpu.utilization", "1"),
    }
    ledger.limits_held = [Limit(DISK, Direction.UP, 0.9)]
    minute = 60 * 10**9
    keys = [
        SeriesKey.of(volume, DISK, {"mode": "rw"}),
        SeriesKey.of(name, "system.cpu.utilization"),
        SeriesKey.of(name, "system.network.io", {"device": name}),
        SeriesKey.of("web-01", DISK),
        SeriesKey.of("web-01", "system.cpu.utilization"),
    ]
    ledger.series = [
        SeriesInfo(i, key, minute, key.metric == "system.network.io") for i, key in enumerate(keys)
    ]
    crossing = Crossing(
        keys[0],
        NOW,
        timedelta(days=2),
        0.9,
        Direction.UP,
        0.86,
        NOW + 21 * HOUR,
        NOW + 30 * HOUR,
        NOW + 43 * HOUR,
        method="trend 1",
        value=0.78,
        growth=0.004 / 3600,
    )
    quiet = Crossing(
        keys[3], NOW, timedelta(days=7), 0.9, Direction.UP, abstained=Abstention.NO_TREND
    )
    ledger.crossings_held = [crossing, quiet]
    contributions = (
        Contribution(keys[0], "forecast", 0.86, "trend 1"),
        Contribution(keys[2], "anomaly", 0.21, "novelty 1", "drift"),
    )
    until = NOW + HOUR
    week = timedelta(days=7)
    ledger.risks_held = [
        Risk(volume, NOW, until, week, 0.86, 0.9, 0.9, 69.7, contributions, crossing, 12_400.0),
        Risk("web-01", NOW, until, week, 0.01, 0.5, 0.1, 0.4),
        Risk("edge-12", NOW, until, week, None, 0.5, 0, None, abstained=Abstention.SHORT_HISTORY),
    ]
    ledger.incidents_held = [_incident(volume, keys[0], crossing, name)]
    ledger.decisions_held = _decisions(ledger.incidents_held[0], volume)
    key = ledger.incidents_held[0].key
    ledger.tickets_held = {key: [Ticket("rt", "42", key, "new", True, "https://rt.example/42")]}
    done = StepResult(Phase.DO, "vacuum", True, "exit code 0", 2.4, "freed 1.2G\n")
    checked = StepResult(Phase.VERIFY, "enough", False, "status 500", 0.1, "not enough\n")
    first = ledger.incidents_held[0]
    ledger.changes_held = [
        Change("c1", NOW - 5 * HOUR, NOW - 4 * HOUR, "deploy", "billing 2.4", name, by="bo"),
        Change("c2", NOW + 40 * HOUR, NOW + 42 * HOUR, "firmware", "controller", name, by="bo"),
    ]
    ledger.runs_held = [
        a_run(first),
        a_run(
            first,
            "r0",
            state=RunState.ROLLED_BACK,
            reason=RunReason.VERIFICATION_FAILED,
            approvals=(Approval("bo", NOW - 2 * HOUR, "cd" * 32),),
            requested_at=NOW - 3 * HOUR,
            started_at=NOW - 2 * HOUR,
            ended_at=NOW - 2 * HOUR + timedelta(seconds=3),
            results=(done, checked),
        ),
    ]
    return service


def _incident(asset: str, series: SeriesKey, crossing: Crossing, name: str) -> Incident:
    opened = NOW - 3 * HOUR
    early, likely, late = crossing.early, crossing.likely, crossing.late
    assert early is not None
    assert likely is not None
    assert late is not None
    prediction = Prediction(
        0.82, early, likely, late, 0.9, Direction.UP, "trend 1", early - 4 * HOUR
    )
    times = [opened - HOUR * k for k in range(96, -1, -1)]
    values = [0.78 - 0.004 * (k + 3) + 0.01 * np.sin(k / 3.8) for k in range(96, -1, -1)]
    values[40] = None
    future = [opened + HOUR * k for k in range(1, 49)]
    rows = [
        [0.77 + 0.004 * k + 0.006 * k**0.5 * z for z in (-1.64, -0.67, 0, 0.67, 1.64)]
        for k in range(1, 49)
    ]
    return Incident(
        key=incident_key("test", asset, series.signal, 0),
        kind=IncidentKind.PREDICTIVE,
        asset=asset,
        series=series,
        state=IncidentState.OPEN,
        stage=Stage.ACT,
        opened_at=opened,
        updated_at=NOW,
        number=12,
        predicted=prediction,
        current=replace(prediction, probability=0.86),
        sentence={
            "en": f"{name} /data: disk space used will reach its limit of 90 % between Wed "
            "21:40 and Thu 19:40 Asia/Shanghai, most likely Thu 06:40 (86 % within 2 d); now 78 %.",
            "zh": f"{name} /data：磁盘空间使用率预计在 11月25日 21:40 至 11月26日 19:40 之间"
            "达到上限 90 %，最可能为 11月26日 06:40（2 天内概率 86 %）；当前 78 %。",
        },
        evidence={
            "signal": {"asset": asset, "metric": DISK, "labels": {"mode": "rw"}, "unit": "1"},
            "history": {"t": [t.isoformat() for t in times], "v": values},
            "forecast": {
                "t": [t.isoformat() for t in future],
                "levels": LEVELS.tolist(),
                "q": rows,
            },
            "limit": 0.9,
            "direction": "up",
            "value": 0.77,
            "growth_per_hour": 0.004,
            "method": "trend 1",
            "cadence": "3600 s",
            "contributions": [
                {
                    "signal": series.text,
                    "source": "forecast",
                    "probability": 0.82,
                    "method": "trend 1",
                }
            ],
            "versions": {"trend": "1"},
        },
        transitions=(Transition(opened, IncidentState.OPEN, Reason.CROSSING_LIKELY),),
        owner="dba",
    )


def _decisions(incident: Incident, asset: str) -> list[Decision]:
    key = incident.key
    opened = incident.opened_at
    return [
        Decision(
            opened - 2 * HOUR,
            f"{asset} {DISK}",
            asset,
            "nothing",
            Reason.NOT_SUSTAINED,
            Phrase("in_a_row", {"probability": 0.74, "count": 1, "hold": 2}),
        ),
        Decision(opened, key, asset, "open", Reason.CROSSING_LIKELY, verbatim("0.82 ≥ 0.70 twice")),
        Decision(
            opened, key, asset, "send", Reason.FIRST_NOTIFICATION, verbatim("to rt, priority 2")
        ),
        Decision(
            opened + HOUR,
            key,
            asset,
            "withhold",
            Reason.RISK_REPEATED,
            verbatim("0.84, nothing new to say"),
        ),
    ]


@contextmanager
def serve(service: FakeService) -> Iterator[str]:
    """Runs the real server on a free loopback port and gives its address."""
    server = HttpServer(create_app(service), listen("127.0.0.1", 0))
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def client_of(base: str, token: str = "") -> httpx.Client:
    """A client with or without a token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=60)
