"""Settings of the influxdb collector."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiops.contracts.secret import Secret
from aiops.domain.metric import MetricKind
from collectors._rule import ScaledRuleSettings
from collectors._web.settings import TrustSettings


@dataclass(frozen=True, slots=True)
class FluxSettings(ScaledRuleSettings):
    """One query; every table of its result is one series."""

    flux: str = field(
        metadata={
            "help": "Flux as the Data Explorer writes it, from v.timeRangeStart to v.timeRangeStop."
        }
    )
    metric: str = field(
        default="{_measurement}_{_field}",
        metadata={"help": "Name of the metric; {column} stands for a column's value."},
    )
    asset: str = field(default="{host}", metadata={"help": "Key of the asset, written likewise."})
    labels: tuple[str, ...] = field(
        default=(), metadata={"help": "Columns that are kept as labels."}
    )
    kind: str = field(default="host", metadata={"help": "Kind of the asset."})
    counter: bool = field(default=False, metadata={"help": "Whether the values only grow."})

    @property
    def metric_kind(self) -> MetricKind:
        """How the values are read."""
        return MetricKind.COUNTER if self.counter else MetricKind.GAUGE


@dataclass(frozen=True, slots=True)
class InfluxdbSettings(TrustSettings):
    """A server and the queries put to it."""

    url: str = field(metadata={"help": "Address of the server, such as http://influx:8086."})
    org: str = field(metadata={"help": "Organization the buckets belong to."})
    queries: tuple[FluxSettings, ...] = field(metadata={"help": "The queries."})
    token: Secret | None = field(
        default=None, metadata={"help": "Token that may read the buckets (env: or file:)."}
    )
    step: timedelta = field(
        default=timedelta(seconds=15),
        metadata={"help": "What v.windowPeriod is.", "minimum": timedelta(seconds=1)},
    )
    delay: timedelta = field(
        default=timedelta(seconds=10),
        metadata={"help": "Points younger than this are not asked for yet."},
    )
    history: timedelta = field(
        default=timedelta(hours=1), metadata={"help": "How far back the first collection begins."}
    )
    piece: timedelta = field(
        default=timedelta(hours=6),
        metadata={"help": "A collection reads no more than this.", "minimum": timedelta(minutes=1)},
    )
    max_body_bytes: int = field(default=64 << 20, metadata={"help": "A longer answer is refused."})
    max_series: int = field(
        default=10_000, metadata={"help": "Tables beyond this are left out and counted."}
    )
