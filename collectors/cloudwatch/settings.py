"""Settings of the cloudwatch collector."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiops.contracts.secret import Secret
from aiops.domain.metric import Direction
from collectors._rule import ScaledRuleSettings


@dataclass(frozen=True, slots=True)
class CloudMetricSettings(ScaledRuleSettings):
    """One metric of one namespace, for everything that has it."""

    namespace: str = field(metadata={"help": "Namespace, such as AWS/EC2."})
    name: str = field(metadata={"help": "Name at CloudWatch, such as CPUUtilization."})
    dimension: str = field(
        metadata={"help": "Dimension whose value is the asset; series with others are left out."}
    )
    metric: str = field(metadata={"help": "Name of the metric here."})
    statistic: str = field(
        default="Average",
        metadata={"help": "Average, Maximum, Minimum, Sum (becomes a rate per second) or p99."},
    )
    kind: str = field(default="host", metadata={"help": "Kind of the asset."})


_UP, _DOWN = Direction.UP, Direction.DOWN
_DEFAULTS = (
    CloudMetricSettings(
        "AWS/EC2", "CPUUtilization", "InstanceId", "system.cpu.utilization",
        scale=0.01, bad_direction=_UP,
    ),
    CloudMetricSettings(
        "AWS/EC2", "StatusCheckFailed", "InstanceId", "cloud.status_check.failed",
        "Maximum", bad_direction=_UP, fail=1.0,
    ),
    CloudMetricSettings(
        "AWS/EBS", "BurstBalance", "VolumeId", "cloud.volume.burst_balance",
        scale=0.01, bad_direction=_DOWN, kind="volume", fail=0.0, warn=0.2,
    ),
    CloudMetricSettings(
        "AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "system.cpu.utilization",
        scale=0.01, bad_direction=_UP, kind="database",
    ),
    CloudMetricSettings(
        "AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", "system.filesystem.free",
        unit="By", bad_direction=_DOWN, kind="database", fail=0.0,
    ),
    CloudMetricSettings(
        "AWS/RDS", "FreeableMemory", "DBInstanceIdentifier", "system.memory.free",
        unit="By", bad_direction=_DOWN, kind="database",
    ),
    CloudMetricSettings(
        "AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", "db.connections",
        unit="{connection}", bad_direction=_UP, kind="database",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CloudwatchSettings:
    """One account in one region."""

    region: str = field(metadata={"help": "Region, such as eu-central-1."})
    metrics: tuple[CloudMetricSettings, ...] = field(
        default=_DEFAULTS, metadata={"help": "What to read; each costs for each asset."}
    )
    period: timedelta = field(
        default=timedelta(minutes=5),
        metadata={"help": "Length of a period; CloudWatch is asked once for each."},
    )
    delay: timedelta = field(
        default=timedelta(minutes=2), metadata={"help": "Metrics are complete this late."}
    )
    history: timedelta = field(
        default=timedelta(hours=3), metadata={"help": "How far back the first collection reads."}
    )
    max_metrics: int = field(
        default=1_000, metadata={"help": "Nothing is read when there are more series: they cost."}
    )
    access_key_id: str = field(
        default="", metadata={"help": "Key id; empty: the role of the machine, or its environment."}
    )
    secret_access_key: Secret | None = field(
        default=None, metadata={"help": "Its secret (env: or file:)."}
    )
    endpoint: str = field(default="", metadata={"help": "Address of a private endpoint."})
