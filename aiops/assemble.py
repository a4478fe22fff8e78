"""From settings to a working pipeline: every part is put in its place here, and only here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any, cast

from aiops import plugins
from aiops.automate.desk import Desk
from aiops.automate.stage import Automation, Leadership
from aiops.collect.fleet import Fleet
from aiops.collect.gate import Gate
from aiops.collect.sights import Sights
from aiops.config import Settings
from aiops.config.dependencies import load_dependencies
from aiops.config.runbooks import load_runbooks
from aiops.contracts.detector import Costly, Detector
from aiops.contracts.dispatcher import Dispatcher
from aiops.contracts.errors import InputError
from aiops.contracts.executor import Executor
from aiops.contracts.forecaster import HOLIDAYS, Forecaster
from aiops.contracts.ledger import Ledger
from aiops.contracts.ticket_system import TicketSystem
from aiops.detect.days_off import check_countries, work_calendar
from aiops.detect.fleet import DetectFleet
from aiops.detect.marks import mark_maintenance
from aiops.detect.spread import Spread as SpreadFits
from aiops.detect.stage import DetectStage
from aiops.detect.terms import TermsBook
from aiops.domain.event import Holiday
from aiops.domain.incident import Incident, OutcomeKind, Stage
from aiops.domain.instant import from_ns
from aiops.domain.panel import Panel
from aiops.domain.selector import selects
from aiops.domain.series import IntArray
from aiops.domain.silence import MaintenancePlan, Recurrence
from aiops.domain.ticket import TicketAction, TicketDraft
from aiops.forecast.fleet import ForecastFleet
from aiops.forecast.life.stage import LifeStage
from aiops.forecast.shortlist import Ensemble
from aiops.forecast.spread import Spread
from aiops.forecast.stage import ForecastStage
from aiops.incident.act import PersonAction
from aiops.incident.category import Classifier
from aiops.incident.dispatch.keep import from_bytes
from aiops.incident.evidence import LEVELS, freeze
from aiops.incident.open import OpeningRules
from aiops.incident.roster import Roster, Shift
from aiops.incident.stage import IncidentStage
from aiops.incident.team import Teams
from aiops.incident.triage import Triage
from aiops.learn.ladder import LadderRules
from aiops.learn.prices import Prices
from aiops.learn.survey import survey_line
from aiops.orders import Orders
from aiops.pipeline import Forwarding, Pipeline
from aiops.risk.board import RiskBoard
from aiops.risk.change import Terms
from aiops.store.panels import LivePanels
from aiops.ticket.compose import draft
from aiops.ticket.dispatch import Outgoing
from aiops.ticket.verdict import verdict_links


def assemble(
    settings: Settings,
    ledger: Ledger,
    panels: LivePanels,
    *,
    destinations: Sequence[str] = (),
    limits_are_failures: bool = True,
    rung_of: Callable[[str, str, str], Stage | None] = lambda _method, _metric, _team: None,
    forward: Forwarding | None = None,
    link_key: bytes = b"",
) -> Pipeline:
    """Returns the pipeline that the settings describe, over a ledger and a store.

    Args:
        destinations: Names of the ticket systems that get a ticket for each incident.
        rung_of: Method, metric and team to the rung of the ladder, where one has moved.
        limits_are_failures: False where failures are reported from outside.
        forward: Makes samples durable that a centre is to have too.
        link_key: Signs the links of tickets; empty: there are none.
    """
    check_countries(list(settings.detect.countries.values()))
    services = {service.key: service for service in settings.services}
    fleet = Fleet(
        ledger,
        services=services,
        own_limits=settings.limits,
        own_edges=load_dependencies(settings.collect.dependencies),
    )
    gate = Gate(settings.collect)
    plan = maintenance_plan(settings)
    read = marked_reader(panels, ledger, gate, plan, fleet)
    executor = cast(
        "Executor", _create("executors", settings.executor.type, settings.executor.settings)
    )
    holidays: list[Holiday] = []
    forecast = ForecastFleet(
        forecast_stage(settings, executor),
        _forecast_reader(settings, read, ledger, fleet, holidays),
        LEVELS,
        freeze,
    )
    incidents = IncidentStage(
        ledger,
        settings.incident,
        OpeningRules(
            ledger.installation,
            settings.ladder.start,
            settings.incident.repair_lead,
            repair_leads(settings),
            limits_are_failures,
            rung_of,
        ),
        settings.ladder.false_per_week,
        triage(settings),
    )
    return Pipeline(
        ledger=ledger,
        fleet=fleet,
        sights=Sights(ledger, fleet.forget_keys),
        gate=gate,
        panels=panels,
        detect=DetectFleet(
            ledger,
            detect_stage(settings, executor),
            settings.detect,
            forecast.cadence_ns,
            read,
            TermsBook(settings.detect, fleet),
            holidays=holidays,
        ),
        forecast=forecast,
        life=LifeStage(read, settings.forecast.horizon),
        risk=RiskBoard(settings.risk, settings.prices.downtime_per_hour),
        incidents=incidents,
        orders=Orders(
            ledger,
            incidents,
            Outgoing(
                destinations,
                composer(settings, link_key),
                settings.notify.max_new_per_10min,
                ledger.installation,
                settings.ticket.public_url,
                settings.server.language,
            ),
            lambda: fleet.assets,
            {
                each.code.strip().lower(): PersonAction(each.outcome.value)
                for each in settings.ticket.closing_codes
                if each.outcome is not OutcomeKind.EXPIRED
            },
            windows=plan.recorded,
            holidays=holidays,
        ),
        plan=plan,
        forward=forward,
    )


def detect_stage(settings: Settings, executor: Executor) -> DetectStage:
    """Returns the stage with its detector; the fits of one that makes some are spread."""
    stage = DetectStage.of(settings.detect)
    if not isinstance(stage.detector, Costly):
        return stage
    name, own = settings.detect.detector, settings.detect.settings
    spread = SpreadFits(stage.detector, executor, name, own, settings.executor.deadline)
    return replace(stage, detector=cast("Detector", spread))


def forecast_stage(settings: Settings, executor: Executor) -> ForecastStage:
    """Returns the stage with its forecaster, and the executor that a costly one is spread over."""
    name = settings.forecast.forecaster
    own = _settings_of("forecasts", name, settings.forecast.settings)
    return ForecastStage(
        settings.forecast,
        cast("Forecaster", plugins.create("forecasts", name, own)),
        Spread(executor, name, own, settings.executor.deadline),
        ensemble_of(settings, executor),
    )


def ensemble_of(settings: Settings, executor: Executor) -> Ensemble | None:
    """Returns who the likeliest few are asked of as well, None where nobody is."""
    name, own = settings.forecast.ensemble, settings.forecast
    if not name:
        return None
    spread = Spread(executor, name, _settings_of("forecasts", name, {}), settings.executor.deadline)
    return Ensemble(spread, own.ensemble_share, own.ensemble_budget)


def marked_reader(
    panels: LivePanels,
    ledger: Ledger,
    gate: Gate,
    plan: MaintenancePlan | None = None,
    fleet: Fleet | None = None,
) -> Callable[[IntArray, int, int, timedelta], Panel]:
    """Returns a reader of panels on which bad and maintenance intervals are marked."""

    def read(ids: IntArray, start: int, end: int, step: timedelta) -> Panel:
        panel = panels.panel(ids, start, end, step)
        if gate.marks:
            panel = gate.marks.apply(panel, [info.key for info in ledger.catalogue.info(ids)])
        if fleet is None or not plan:
            return panel
        infos = ledger.catalogue.info(ids)
        first, last = from_ns(start), from_ns(end)
        windows = {
            asset: found
            for asset in {info.key.asset for info in infos}
            if (found := plan.windows(asset, fleet.assets, first, last))
        }
        return mark_maintenance(panel, infos, windows)

    return read


def _forecast_reader(
    settings: Settings,
    read: Callable[[IntArray, int, int, timedelta], Panel],
    ledger: Ledger,
    fleet: Fleet,
    holidays: Sequence[Holiday],
) -> Callable[[IntArray, int, int, timedelta], Panel]:
    """Returns the reader, with days off on the panel where the method has a use for them."""
    names = (settings.forecast.forecaster, settings.forecast.ensemble)
    if not any(HOLIDAYS in plugins.load("forecasts", name).tags for name in names if name):
        return read

    def read_with_days(ids: IntArray, start: int, end: int, step: timedelta) -> Panel:
        panel = read(ids, start, end, step)
        infos = ledger.catalogue.info(ids)
        calendar = work_calendar(
            panel.times,
            fleet.zones(infos),
            fleet.sites(infos),
            settings.detect.countries,
            holidays,
        )
        return replace(panel, calendar=calendar)

    return read_with_days


def maintenance_plan(settings: Settings) -> MaintenancePlan:
    """Returns the recurring windows of the configuration."""
    return MaintenancePlan(
        tuple(
            Recurrence(
                each.match, each.time_zone, each.days, time.fromisoformat(each.start), each.duration
            )
            for each in settings.maintenance
        )
    )


def ticket_systems(settings: Settings) -> dict[str, TicketSystem]:
    """Returns the configured ticket systems by name; nothing is connected yet.

    Raises:
        PluginError: A system's library is missing.
    """
    return {
        destination.name: cast(
            "TicketSystem", _create("ticket_systems", destination.type, destination.settings)
        )
        for destination in settings.ticket.destinations
        if destination.enabled
    }


def automation(settings: Settings, ledger: Ledger, daemon: Leadership) -> Automation:
    """Returns the stage that proposes and runs runbooks.

    Raises:
        ConfigError: A runbook is wrong.
    """
    runbooks = load_runbooks(settings.automate)
    return Automation(Desk(ledger, settings.automate, runbooks), daemon)


def change_terms(settings: Settings) -> Terms:
    """Returns what an assessment of a change rests on."""
    prices, _ = value_terms(settings)
    return Terms(
        maintenance_plan(settings),
        prices.by_service,
        prices.downtime_per_hour,
        prices.currency,
        prices.outage,
    )


def value_terms(settings: Settings) -> tuple[Prices, LadderRules]:
    """Returns what the value report rests on: prices, and what the ladder asks for."""
    ladder = settings.ladder
    prices = Prices(
        settings.prices.currency,
        settings.prices.downtime_per_hour,
        settings.prices.false_alarm,
        settings.risk.outage,
        {s.key: s.price_per_hour for s in settings.services if s.price_per_hour},
        settings.services,
    )
    rules = LadderRules(
        ladder.false_per_week, ladder.suggest_precision, ladder.act_precision, ladder.cases
    )
    return prices, rules


def repair_leads(settings: Settings) -> Callable[[str], timedelta | None]:
    """Returns how long a repair of an asset takes, by the last entry that matches its key."""
    entries = [(a.match, a.repair_lead) for a in settings.assets if a.repair_lead is not None]

    def lead(asset: str) -> timedelta | None:
        found = [span for match, span in entries if selects(match, asset)]
        return found[-1] if found else None

    return lead


def triage(settings: Settings) -> Triage:
    """Returns what gives new incidents their category, team and person.

    Raises:
        InputError: A model cannot be read.
    """
    shifts = tuple(
        Shift(
            each.team,
            Recurrence(
                "", each.time_zone, each.days, time.fromisoformat(each.start), each.duration
            ),
            each.people,
            each.group,
        )
        for each in settings.shifts
    )
    known = settings.incident
    return Triage(
        Classifier(
            known.categories,
            read_model("classifier", known.classifier),
            known.dispatch_precision,
        ),
        Teams(read_model("dispatcher", known.dispatcher), known.dispatch_precision),
        Roster(shifts),
    )


def read_model(key: str, path: str) -> Dispatcher | None:
    """Returns the model that was learnt from past tickets, None where none is named.

    Args:
        key: Of ``incident`` in the configuration.

    Raises:
        InputError: The file cannot be read, or is no dispatcher.
    """
    if not path:
        return None
    try:
        return from_bytes(Path(path).read_bytes(), path)
    except OSError as error:
        words = f"incident.{key}: {path}: cannot be read ({error.strerror})"
        raise InputError([words]) from error


def composer(
    settings: Settings, link_key: bytes = b""
) -> Callable[[Incident, TicketAction], TicketDraft]:
    """Returns what writes a ticket's text.

    Args:
        link_key: Signs the links that give a verdict, and the one of a closed incident that asks
            how it was handled; empty: no such links.
    """
    address = settings.ticket.public_url
    links = verdict_links(link_key, address)

    def compose(incident: Incident, action: TicketAction) -> TicketDraft:
        made = draft(incident, action, address, settings.server.language, links)
        if action is not TicketAction.RESOLVE or links is None or incident.closed_at is None:
            return made
        question = survey_line(link_key, address, incident.key, incident.closed_at)
        return replace(made, body=f"{made.body}\n\n{question}")

    return compose


def _create(family: str, name: str, settings: Any) -> object:
    return plugins.create(family, name, _settings_of(family, name, settings))


def _settings_of(family: str, name: str, settings: Any) -> Any:
    """Returns a plug-in's settings; those that nobody wrote down are still a bare mapping."""
    if isinstance(settings, Mapping):
        return plugins.load(family, name).settings(**settings)
    return settings
