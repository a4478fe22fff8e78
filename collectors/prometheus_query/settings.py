"""Settings of the prometheus_query collector."""

from dataclasses import dataclass, field
from datetime import timedelta

from collectors._rule import RuleSettings
from collectors._web.settings import AccountSettings


@dataclass(frozen=True, slots=True)
class QuerySettings(RuleSettings):
    """One query and what its result is called."""

    metric: str = field(metadata={"help": "Name the result gets here."})
    query: str = field(metadata={"help": "PromQL; one result series becomes one series."})
    asset: str = field(
        default="{instance}",
        metadata={"help": "Key of the asset; {label} stands for a label's value."},
    )
    kind: str = field(default="host", metadata={"help": "Kind of the asset."})
    parent: str = field(default="", metadata={"help": "Key of its whole, written likewise."})
    labels: tuple[str, ...] = field(default=(), metadata={"help": "Labels that are kept."})


@dataclass(frozen=True, slots=True)
class PrometheusQuerySettings(AccountSettings):
    """A server and the queries put to it."""

    url: str = field(metadata={"help": "Address before /api/v1, such as http://prom:9090."})
    queries: tuple[QuerySettings, ...] = field(metadata={"help": "The queries."})
    step: timedelta = field(
        default=timedelta(seconds=15),
        metadata={"help": "Distance of the points.", "minimum": timedelta(seconds=1)},
    )
    history: timedelta = field(
        default=timedelta(0),
        metadata={"help": "How far back the first collections reach (a gate may refuse more)."},
    )
    delay: timedelta = field(
        default=timedelta(0), metadata={"help": "Points younger than this are not asked for yet."}
    )
    max_body_bytes: int = field(default=64 << 20, metadata={"help": "A longer answer is refused."})
    max_series: int = field(
        default=10_000, metadata={"help": "A query with more series is refused."}
    )
