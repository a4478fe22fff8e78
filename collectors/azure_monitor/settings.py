"""Settings of the azure_monitor collector."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiops.contracts.secret import Secret
from aiops.domain.metric import Direction
from collectors._rule import ScaledRuleSettings


@dataclass(frozen=True, slots=True)
class AzureMetricSettings(ScaledRuleSettings):
    """One metric of one type of resource."""

    namespace: str = field(
        metadata={"help": "Type of the resources, such as Microsoft.Compute/virtualMachines."}
    )
    name: str = field(metadata={"help": "Name at Azure Monitor, such as Percentage CPU."})
    metric: str = field(metadata={"help": "Name of the metric here."})
    aggregation: str = field(
        default="Average",
        metadata={"help": "Average, Maximum, Minimum, or Total (becomes a rate per second)."},
    )
    kind: str = field(default="host", metadata={"help": "Kind of the asset."})
    limit: str = field(
        default="",
        metadata={"help": "Property of the resource that is its limit, such as maxSizeBytes."},
    )


_MACHINES, _DATABASES = "Microsoft.Compute/virtualMachines", "Microsoft.Sql/servers/databases"
_UP, _DOWN = Direction.UP, Direction.DOWN
_DEFAULTS = (
    AzureMetricSettings(
        _MACHINES, "Percentage CPU", "system.cpu.utilization", scale=0.01, bad_direction=_UP
    ),
    AzureMetricSettings(
        _MACHINES, "Available Memory Bytes", "system.memory.free", unit="By", bad_direction=_DOWN
    ),
    AzureMetricSettings(
        _MACHINES, "VmAvailabilityMetric", "cloud.machine.available",
        bad_direction=_DOWN, fail=0.0,
    ),
    AzureMetricSettings(
        _DATABASES, "storage_percent", "system.filesystem.utilization", "Maximum",
        scale=0.01, bad_direction=_UP, kind="database", fail=1.0, warn=0.9,
    ),
    AzureMetricSettings(
        _DATABASES, "storage", "database.storage.usage", "Maximum",
        unit="By", bad_direction=_UP, kind="database", limit="maxSizeBytes",
    ),
    AzureMetricSettings(
        _DATABASES, "cpu_percent", "system.cpu.utilization",
        scale=0.01, bad_direction=_UP, kind="database",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AzureMonitorSettings:
    """Resources in one region."""

    region: str = field(metadata={"help": "Region of the resources, such as westeurope."})
    resources: tuple[str, ...] = field(
        metadata={"help": "Resource ids, /subscriptions/…; []: all in the subscriptions."},
    )
    subscriptions: tuple[str, ...] = field(
        default=(), metadata={"help": "Ids of subscriptions whose resources are found."}
    )
    metrics: tuple[AzureMetricSettings, ...] = field(
        default=_DEFAULTS, metadata={"help": "What to read of resources of each type."}
    )
    owner_tag: str = field(
        default="", metadata={"help": "Tag that names the team that owns a resource."}
    )
    service_tag: str = field(
        default="", metadata={"help": "Tag that names the service a resource belongs to."}
    )
    tenant_id: str = field(
        default="", metadata={"help": "Tenant of the account; empty: the machine's own identity."}
    )
    client_id: str = field(default="", metadata={"help": "Application (client) id."})
    client_secret: Secret | None = field(
        default=None, metadata={"help": "Its secret (env: or file:)."}
    )
    period: timedelta = field(
        default=timedelta(minutes=1),
        metadata={"help": "Length of a period; Azure is asked once for each."},
    )
    delay: timedelta = field(
        default=timedelta(minutes=3), metadata={"help": "Metrics are complete this late."}
    )
    history: timedelta = field(
        default=timedelta(hours=3), metadata={"help": "How far back the first collection reads."}
    )
