"""Settings of the prometheus_query collector."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiops.contracts.secret import Secret
from aiops.domain.metric import Direction


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """One query and what its result is called."""

    metric: str = field(metadata={"help": "Name the result gets here."})
    query: str = field(metadata={"help": "PromQL; one result series becomes one series."})
    unit: str = field(default="1", metadata={"help": "UCUM code of the result."})
    bad_direction: Direction = field(default=Direction.BOTH, metadata={"help": "up, down or both."})
    asset: str = field(
        default="{instance}",
        metadata={"help": "Key of the asset; {label} stands for a label's value."},
    )
    kind: str = field(default="host", metadata={"help": "Kind of the asset."})
    parent: str = field(default="", metadata={"help": "Key of its whole, written likewise."})
    labels: tuple[str, ...] = field(default=(), metadata={"help": "Labels that are kept."})
    fail: float | None = field(default=None, metadata={"help": "Value that counts as failed."})
    warn: float | None = field(default=None, metadata={"help": "Value that counts as warning."})


@dataclass(frozen=True, slots=True)
class PrometheusQuerySettings:
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
    username: str = field(default="", metadata={"help": "Name for HTTP basic authentication."})
    password: Secret | None = field(
        default=None, metadata={"help": "Its password (env: or file:)."}
    )
    bearer_token: Secret | None = field(
        default=None, metadata={"help": "Token sent as Authorization: Bearer (env: or file:)."}
    )
    verify: bool = field(
        default=True, metadata={"help": "Check the server's certificate; turn off only in a lab."}
    )
    ca_file: str = field(
        default="", metadata={"help": "Certificates to trust instead of the system's."}
    )
    max_body_bytes: int = field(default=64 << 20, metadata={"help": "A longer answer is refused."})
    max_series: int = field(
        default=10_000, metadata={"help": "A query with more series is refused."}
    )
