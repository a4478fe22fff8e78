"""Settings of incidents and the ladder."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiops.domain.incident import Stage


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """What kind of trouble a metric or a kind of asset stands for."""

    category: str = field(metadata={"help": "As the team calls it; runbooks choose by it."})
    metric: str = field(default="*", metadata={"help": "Name of the metric, or a pattern."})
    kind: str = field(default="*", metadata={"help": "Kind of the asset, or a pattern."})


@dataclass(frozen=True, slots=True)
class IncidentSettings:
    """When an incident opens, stays and closes."""

    open_probability: float = field(
        default=0.7, metadata={"help": "A crossing at least this likely opens an incident."}
    )
    close_probability: float = field(
        default=0.3, metadata={"help": "Below it an open incident begins to close."}
    )
    hold: int = field(
        default=2, metadata={"help": "Consecutive forecasts that must agree before a change."}
    )
    reopen_within: timedelta = field(
        default=timedelta(minutes=30),
        metadata={"help": "A risk that returns within it reopens the incident."},
    )
    together: timedelta = field(
        default=timedelta(minutes=15),
        metadata={"help": "Related assets that fail or grow strange within it are one incident."},
    )
    minimum_effect: float = field(
        default=0.05,
        metadata={"help": "Anomalies nearer to what is usual open no incident (0.05 = 5 %)."},
    )
    dispatcher: str = field(
        default="",
        metadata={"help": "Model of `aiops try dispatch fit` for incidents without an owner."},
    )
    categories: tuple[CategoryRule, ...] = field(
        default=(), metadata={"help": "First that fits counts; before what the metric tells."}
    )
    classifier: str = field(
        default="",
        metadata={"help": "Model of `aiops try dispatch fit --label category`, after the rules."},
    )
    dispatch_precision: float = field(
        default=0.95,
        metadata={"help": "Share of learnt teams and categories that must be right; else none."},
    )
    repair_lead: timedelta = field(
        default=timedelta(hours=4), metadata={"help": "Time a repair needs (latest safe start)."}
    )
    grace: timedelta = field(
        default=timedelta(hours=24),
        metadata={"help": "A predicted failure may come this much after the late end."},
    )


@dataclass(frozen=True, slots=True)
class LadderSettings:
    """Nothing pages on day one."""

    start: Stage = field(
        default=Stage.SHADOW, metadata={"help": "shadow (only here), suggest or act (tickets)."}
    )
    automatic: bool = field(
        default=True,
        metadata={"help": "Measured precision moves a method up or down, a rung a day at most."},
    )
    false_per_week: float = field(
        default=2.0,
        metadata={"help": "False incidents a week that are accepted of each team."},
    )
    suggest_precision: float = field(
        default=0.5, metadata={"help": "Proven precision (95 % bound) the rung suggest asks for."}
    )
    act_precision: float = field(
        default=0.7, metadata={"help": "Proven precision (95 % bound) the rung act asks for."}
    )
    cases: int = field(
        default=20, metadata={"help": "Judged predictions before a method moves a rung."}
    )
