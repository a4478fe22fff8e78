"""Settings of the http_json collector."""

from dataclasses import dataclass, field

from aiops.domain.metric import MetricKind
from collectors._rule import ScaledRuleSettings
from collectors._web.settings import AccountSettings


@dataclass(frozen=True, slots=True)
class JsonMetric(ScaledRuleSettings):
    """One number of each item."""

    metric: str = field(metadata={"help": "Name of the metric."})
    path: str = field(metadata={"help": "JSONPath within an item, such as $.disk.used."})
    kind: MetricKind = field(default=MetricKind.GAUGE, metadata={"help": "gauge or counter."})


@dataclass(frozen=True, slots=True)
class HttpJsonSettings(AccountSettings):
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
    max_body_bytes: int = field(default=16 << 20, metadata={"help": "A longer body is refused."})
