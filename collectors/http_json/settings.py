"""Settings of the http_json collector."""

from dataclasses import dataclass, field

from aiops.contracts.secret import Secret
from aiops.domain.metric import Direction, MetricKind


@dataclass(frozen=True, slots=True)
class JsonMetric:
    """One number of each item."""

    metric: str = field(metadata={"help": "Name of the metric."})
    path: str = field(metadata={"help": "JSONPath within an item, such as $.disk.used."})
    unit: str = field(default="1", metadata={"help": "UCUM code."})
    kind: MetricKind = field(default=MetricKind.GAUGE, metadata={"help": "gauge or counter."})
    bad_direction: Direction = field(default=Direction.BOTH, metadata={"help": "up, down or both."})
    scale: float = field(default=1.0, metadata={"help": "Values are multiplied by it."})
    fail: float | None = field(default=None, metadata={"help": "Value that counts as failed."})
    warn: float | None = field(default=None, metadata={"help": "Value that counts as warning."})


@dataclass(frozen=True, slots=True)
class HttpJsonSettings:
    """One document and what is in it."""

    url: str = field(metadata={"help": "Address of the document."})
    metrics: tuple[JsonMetric, ...] = field(metadata={"help": "The numbers to take."})
    items: str = field(
        default="$", metadata={"help": "JSONPath of the things that have these numbers."}
    )
    asset: str = field(
        default="", metadata={"help": "JSONPath of the asset's key in an item; empty: host:port."}
    )
    kind: str = field(default="host", metadata={"help": "Kind of the assets."})
    time: str = field(default="", metadata={"help": "JSONPath of the time in an item; empty: now."})
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
    max_body_bytes: int = field(default=16 << 20, metadata={"help": "A longer body is refused."})
