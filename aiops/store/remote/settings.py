"""Settings of stores behind a network."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiops.contracts.secret import Secret


@dataclass(frozen=True, slots=True)
class VictoriaMetricsSettings:
    """Where VictoriaMetrics answers, and as whom."""

    url: str = field(
        default="http://127.0.0.1:8428",
        metadata={"help": "Single node, or vmselect of a cluster: http://host:8481."},
    )
    write_url: str = field(
        default="", metadata={"help": "vminsert of a cluster: http://host:8480; empty: url."}
    )
    tenant: str = field(
        default="", metadata={"help": "accountID or accountID:projectID of a cluster."}
    )
    name: str = field(
        default="main", metadata={"help": "Several installations in one server: one name each."}
    )
    username: str = field(default="", metadata={"help": "For basic authentication."})
    password: Secret = field(default=Secret(""), metadata={"help": "For basic authentication."})
    token: Secret = field(default=Secret(""), metadata={"help": "Bearer token, if there is one."})
    timeout: timedelta = field(
        default=timedelta(seconds=30), metadata={"help": "One request, all in all."}
    )


@dataclass(frozen=True, slots=True)
class InfluxSettings:
    """Where InfluxDB 2 answers, and as whom."""

    url: str = field(default="http://127.0.0.1:8086", metadata={"help": "InfluxDB 2 or Cloud."})
    org: str = field(default="", metadata={"help": "Organisation, by name."})
    bucket: str = field(default="aiops", metadata={"help": "Bucket, by name."})
    token: Secret = field(
        default=Secret(""), metadata={"help": "Token that may read and write this bucket."}
    )
    name: str = field(
        default="main", metadata={"help": "Several installations in one bucket: one name each."}
    )
    create_bucket: bool = field(
        default=False, metadata={"help": "Create the bucket if it is missing (needs the right)."}
    )
    retention: timedelta = field(
        default=timedelta(0), metadata={"help": "Of a created bucket; 0s keeps for ever."}
    )
    downsample: bool = field(
        default=False, metadata={"help": "Create a task that keeps hourly means in <bucket>_1h."}
    )
    timeout: timedelta = field(
        default=timedelta(seconds=30), metadata={"help": "One request, all in all."}
    )


@dataclass(frozen=True, slots=True)
class PrometheusSettings:
    """Where Prometheus answers; it is only read."""

    url: str = field(default="http://127.0.0.1:9090", metadata={"help": "Its address."})
    match: str = field(
        default='{__name__!=""}', metadata={"help": "Selector of the series to take over."}
    )
    asset_label: str = field(default="instance", metadata={"help": "Label that names the asset."})
    ignored_labels: tuple[str, ...] = field(
        default=("job",), metadata={"help": "Labels that Prometheus added and nobody needs."}
    )
    history: timedelta = field(
        default=timedelta(days=15), metadata={"help": "How far back it holds samples."}
    )
    username: str = field(default="", metadata={"help": "For basic authentication."})
    password: Secret = field(default=Secret(""), metadata={"help": "For basic authentication."})
    token: Secret = field(default=Secret(""), metadata={"help": "Bearer token, if there is one."})
    timeout: timedelta = field(
        default=timedelta(seconds=30), metadata={"help": "One request, all in all."}
    )
