"""The whole configuration as one frozen value."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from aiops.automate.settings import AutomateSettings
from aiops.collect.settings import CollectSettings
from aiops.config.server import ServerSettings
from aiops.detect.settings import DetectSettings
from aiops.domain.asset import Location, Service
from aiops.domain.metric import Limit
from aiops.forecast.settings import ForecastSettings
from aiops.incident.settings import IncidentSettings, LadderSettings
from aiops.learn.settings import ReportSettings
from aiops.risk.settings import RiskSettings
from aiops.scale.settings import ExecutorSettings
from aiops.store.forward_settings import ForwardSettings
from aiops.store.settings import StoreSettings
from aiops.ticket.settings import NotifySettings, TicketSettings


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """For people or for machines."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class AssetSettings:
    """What is known better here than at the source; later entries win over earlier ones."""

    match: str = field(metadata={"help": "Key of an asset, or a pattern: db-*, */volume:/data."})
    name: str | None = field(default=None, metadata={"help": "Name shown to people."})
    kind: str | None = field(default=None, metadata={"help": "host, volume, interface, pump …"})
    site: str | None = field(default=None, metadata={"help": "Where it stands, free text."})
    location: Location | None = field(default=None, metadata={"help": "on_prem, cloud or edge."})
    time_zone: str | None = field(
        default=None, metadata={"help": "IANA zone of its days and weeks."}
    )
    criticality: float | None = field(
        default=None, metadata={"help": "Impact of its failure, 0 to 1; sources say 0.5."}
    )
    owner: str | None = field(default=None, metadata={"help": "Team that answers for it."})
    service: str | None = field(default=None, metadata={"help": "Key of the service it carries."})
    parent: str | None = field(default=None, metadata={"help": "Key of the asset it belongs to."})
    depends_on: tuple[str, ...] | None = field(
        default=None, metadata={"help": "Keys of assets whose failure makes it fail."}
    )
    repair_lead: timedelta | None = field(
        default=None, metadata={"help": "Time a repair needs, over incident.repair_lead."}
    )


@dataclass(frozen=True, slots=True)
class MaintenanceSettings:
    """A window that comes back every week: its data is kept out of learning, nothing opens."""

    match: str = field(metadata={"help": "Key of an asset (its parts too), or a pattern: db-*."})
    start: str = field(metadata={"help": "Time of day it begins, by the clock of its zone."})
    duration: timedelta = field(metadata={"help": "How long it lasts."})
    time_zone: str = field(default="UTC", metadata={"help": "IANA zone of its clock."})
    days: tuple[str, ...] = field(
        default=(), metadata={"help": "mon, tue … sun on which it begins; empty: every day."}
    )


@dataclass(frozen=True, slots=True)
class ShiftSettings:
    """Who of a team takes incidents when: they are given to whoever has the fewest open."""

    team: str = field(metadata={"help": "The owner whose incidents it takes."})
    start: str = field(metadata={"help": "Time of day it begins, by the clock of its zone."})
    duration: timedelta = field(metadata={"help": "How long it lasts."})
    people: tuple[str, ...] = field(
        default=(), metadata={"help": "Who is on it; empty: the group as a whole."}
    )
    group: str = field(
        default="", metadata={"help": "Part of the team that has it; empty: the team."}
    )
    time_zone: str = field(default="UTC", metadata={"help": "IANA zone of its clock."})
    days: tuple[str, ...] = field(
        default=(), metadata={"help": "mon, tue … sun on which it begins; empty: every day."}
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is written to standard error."""

    level: LogLevel = field(
        default=LogLevel.INFO, metadata={"help": "debug, info, warning or error."}
    )
    format: LogFormat = field(default=LogFormat.TEXT, metadata={"help": "text or json."})


@dataclass(frozen=True, slots=True)
class PriceSettings:
    """What failures and false alarms cost, for the value report."""

    currency: str = field(default="EUR", metadata={"help": "Shown beside amounts."})
    downtime_per_hour: float = field(
        default=1000.0, metadata={"help": "An hour of downtime of an asset without a service."}
    )
    false_alarm: float = field(
        default=100.0, metadata={"help": "Working time spent on one false incident."}
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything config.yaml says."""

    collect: CollectSettings = field(
        default_factory=CollectSettings, metadata={"help": "How sources are read."}
    )
    store: StoreSettings = field(
        default_factory=StoreSettings, metadata={"help": "Where data is kept, and how long."}
    )
    detect: DetectSettings = field(
        default_factory=DetectSettings, metadata={"help": "How anomalies are found."}
    )
    forecast: ForecastSettings = field(
        default_factory=ForecastSettings, metadata={"help": "How limits are foreseen."}
    )
    risk: RiskSettings = field(
        default_factory=RiskSettings, metadata={"help": "How a risk is weighed."}
    )
    incident: IncidentSettings = field(
        default_factory=IncidentSettings,
        metadata={"help": "When an incident opens, stays and closes."},
    )
    ladder: LadderSettings = field(
        default_factory=LadderSettings, metadata={"help": "How far a prediction may go."}
    )
    ticket: TicketSettings = field(
        default_factory=TicketSettings, metadata={"help": "Where tickets go."}
    )
    notify: NotifySettings = field(
        default_factory=NotifySettings, metadata={"help": "How much is told at once."}
    )
    automate: AutomateSettings = field(
        default_factory=AutomateSettings, metadata={"help": "What runbooks may do by themselves."}
    )
    server: ServerSettings = field(
        default_factory=ServerSettings, metadata={"help": "Where pages and API are served."}
    )
    forward: ForwardSettings = field(
        default_factory=ForwardSettings,
        metadata={"help": "Of an edge agent (`aiops edge`): the way to its centre."},
    )
    executor: ExecutorSettings = field(
        default_factory=ExecutorSettings, metadata={"help": "Where models that cost much run."}
    )
    assets: tuple[AssetSettings, ...] = field(
        default=(), metadata={"help": "What is known better here than at the source."}
    )
    services: tuple[Service, ...] = field(
        default=(), metadata={"help": "What the business pays for."}
    )
    limits: tuple[Limit, ...] = field(
        default=(), metadata={"help": "Where a metric counts as failed, over the sources' own."}
    )
    maintenance: tuple[MaintenanceSettings, ...] = field(
        default=(), metadata={"help": "Windows that come back every week."}
    )
    shifts: tuple[ShiftSettings, ...] = field(
        default=(), metadata={"help": "Who takes incidents when; without them the team does."}
    )
    prices: PriceSettings = field(
        default_factory=PriceSettings, metadata={"help": "For the value report."}
    )
    report: ReportSettings = field(
        default_factory=ReportSettings, metadata={"help": "The weekly value report."}
    )
    log: LogSettings = field(
        default_factory=LogSettings, metadata={"help": "What is written to standard error."}
    )


# Domain values carry no help of their own: they are no settings everywhere else.
HELP = {
    (Service, "key"): "Unique key, named by assets.",
    (Service, "name"): "Name shown to people.",
    (Service, "owner"): "Team that answers for it.",
    (Service, "price_per_hour"): "Cost of an hour of downtime, in prices.currency.",
    (Service, "objective"): "Share of time it must work (SLO), 0 to 1.",
    (Limit, "metric"): "Name of the metric.",
    (Limit, "direction"): "up: failed at or above `fail`; down: at or below.",
    (Limit, "fail"): "The value that counts as failed, in the metric's unit.",
    (Limit, "warn"): "The value that counts as a warning.",
    (Limit, "asset"): "Key of an asset; empty: every asset.",
    (Limit, "of"): "Another metric of the same asset: `fail` and `warn` are shares of its value.",
    (Limit, "learnt"): "Learn `fail` from past failures; the written one counts until then.",
}
