"""Settings of the opcua collector."""

from dataclasses import dataclass, field
from enum import StrEnum

from aiops.contracts.secret import Secret
from aiops.domain.metric import MetricKind
from collectors._rule import RuleSettings


class Protection(StrEnum):
    """What is done to messages; anything but none needs a certificate."""

    NONE = "none"
    SIGN = "sign"
    ENCRYPT = "encrypt"


@dataclass(frozen=True, slots=True)
class NodeSettings(RuleSettings):
    """A variable, or an object whose variables are all taken."""

    node: str = field(metadata={"help": "Node id, such as ns=2;s=Press1.Temperature."})
    asset: str = field(
        metadata={"help": "Key of the asset; {parent} is the object the variable belongs to."}
    )
    metric: str = field(
        metadata={"help": "Name of the metric; {name} is the variable's, {path} that from node on."}
    )
    depth: int = field(
        default=0,
        metadata={
            "help": "Levels below the node in which variables are found; 0: it is one itself.",
            "minimum": 0,
            "maximum": 10,
        },
    )
    unit: str = field(
        default="",
        kw_only=True,
        metadata={"help": "UCUM code; empty: as the server says, else 1."},
    )
    kind: MetricKind = field(default=MetricKind.GAUGE, metadata={"help": "gauge or counter."})


@dataclass(frozen=True, slots=True)
class OpcuaSettings:
    """One server and what is read from it."""

    url: str = field(metadata={"help": "Address, such as opc.tcp://plc-1:4840."})
    nodes: tuple[NodeSettings, ...] = field(metadata={"help": "What to read."})
    kind: str = field(default="device", metadata={"help": "Kind of the assets."})
    username: str = field(default="", metadata={"help": "Name at the server; empty: anonymous."})
    password: Secret | None = field(
        default=None, metadata={"help": "Its password (env: or file:)."}
    )
    protection: Protection = field(
        default=Protection.NONE,
        metadata={"help": "none, sign or encrypt (policy Basic256Sha256)."},
    )
    certificate: str = field(default="", metadata={"help": "Our certificate, DER or PEM file."})
    private_key: str = field(default="", metadata={"help": "Its key, PEM file of mode 0600."})
    server_certificate: str = field(
        default="", metadata={"help": "The server's certificate, to know that it is the one."}
    )
    sampling_seconds: float = field(
        default=1.0, metadata={"help": "How often the server looks for changes.", "above": 0}
    )
    timeout_seconds: float = field(
        default=4.0, metadata={"help": "Waiting time for each answer.", "above": 0}
    )
    max_variables: int = field(
        default=5_000, metadata={"help": "More variables than this are refused."}
    )
    max_changes: int = field(
        default=100_000, metadata={"help": "Older changes between two collections are dropped."}
    )
