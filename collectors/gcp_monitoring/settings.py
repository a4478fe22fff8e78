"""Settings of the gcp_monitoring collector."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from aiops.domain.metric import Direction
from collectors._rule import ScaledRuleSettings


class Aligner(StrEnum):
    """How the points of a period become one."""

    MEAN = "mean"
    MAX = "max"
    MIN = "min"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class GcpMetricSettings(ScaledRuleSettings):
    """One metric type, for everything that has it."""

    type: str = field(
        metadata={"help": "Type, such as compute.googleapis.com/instance/cpu/utilization."}
    )
    metric: str = field(metadata={"help": "Name of the metric here."})
    asset: str = field(
        metadata={"help": "Key of the asset; {label} is a label of the resource or the metric."}
    )
    where: str = field(
        default="", metadata={"help": 'Further filter, such as metric.labels.state = "used".'}
    )
    parent: str = field(default="", metadata={"help": "Key of its whole, written like asset."})
    aligner: Aligner = field(
        default=Aligner.MEAN, metadata={"help": "mean, max, min or rate (what only grows)."}
    )
    kind: str = field(default="host", metadata={"help": "Kind of the asset."})
    limit: str = field(
        default="", metadata={"help": "Type of the metric that is its limit, such as …/disk/quota."}
    )


_UP = Direction.UP
_SQL = "cloudsql.googleapis.com/database"
_DEFAULTS = (
    GcpMetricSettings(
        "compute.googleapis.com/instance/cpu/utilization", "system.cpu.utilization",
        "{instance_name}", bad_direction=_UP,
    ),
    GcpMetricSettings(
        "agent.googleapis.com/disk/percent_used", "system.filesystem.utilization",
        "{instance_name}/volume:{device}", 'metric.labels.state = "used"', "{instance_name}",
        Aligner.MAX, scale=0.01, bad_direction=_UP, kind="volume", fail=1.0, warn=0.9,
    ),
    GcpMetricSettings(
        f"{_SQL}/disk/utilization", "system.filesystem.utilization", "{database_id}",
        aligner=Aligner.MAX, bad_direction=_UP, kind="database", fail=1.0, warn=0.9,
    ),
    GcpMetricSettings(
        f"{_SQL}/disk/bytes_used", "database.storage.usage", "{database_id}",
        aligner=Aligner.MAX, unit="By", bad_direction=_UP, kind="database",
        limit=f"{_SQL}/disk/quota",
    ),
    GcpMetricSettings(
        f"{_SQL}/memory/utilization", "system.memory.utilization", "{database_id}",
        bad_direction=_UP, kind="database", fail=1.0, warn=0.95,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GcpMonitoringSettings:
    """One project."""

    project: str = field(metadata={"help": "Id of the project."})
    metrics: tuple[GcpMetricSettings, ...] = field(
        default=_DEFAULTS, metadata={"help": "What to read."}
    )
    owner_label: str = field(
        default="", metadata={"help": "User label that names the team that owns a resource."}
    )
    service_label: str = field(
        default="", metadata={"help": "User label that names the service of a resource."}
    )
    credentials_file: str = field(
        default="",
        metadata={"help": "Key file of a service account, mode 0600; empty: the machine's own."},
    )
    period: timedelta = field(
        default=timedelta(minutes=1),
        metadata={"help": "Length of a period; Google is asked once for each."},
    )
    delay: timedelta = field(
        default=timedelta(minutes=4), metadata={"help": "Metrics are complete this late."}
    )
    history: timedelta = field(
        default=timedelta(hours=3), metadata={"help": "How far back the first collection reads."}
    )
    max_series: int = field(
        default=5_000,
        metadata={"help": "Series of one metric beyond this are left out and counted."},
    )
