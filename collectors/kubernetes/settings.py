"""Settings of the kubernetes collector."""

from dataclasses import dataclass, field

from aiops.contracts.secret import Secret
from collectors._web.settings import TrustSettings


@dataclass(frozen=True, slots=True)
class KubernetesSettings(TrustSettings):
    """One cluster."""

    url: str = field(
        default="https://kubernetes.default.svc",
        metadata={"help": "Address of the API server; the default works inside the cluster."},
    )
    cluster: str = field(
        default="",
        metadata={"help": "Goes before the keys of pods and volumes; nodes keep theirs."},
    )
    namespaces: tuple[str, ...] = field(
        default=("*",), metadata={"help": "Patterns of namespaces whose pods are read."}
    )
    volumes: bool = field(
        default=True,
        metadata={"help": "Also ask each node how full its persistent volumes are."},
    )
    bearer_token: Secret | None = field(
        default=None, metadata={"help": "Token of a service account (env: or file:)."}
    )
    token_file: str = field(
        default="", metadata={"help": "File with a token that is renewed; read each time."}
    )
    max_pods: int = field(
        default=5_000, metadata={"help": "Pods beyond this are left out and counted."}
    )
