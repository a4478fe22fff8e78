"""Settings of the snmp collector."""

from dataclasses import dataclass, field
from enum import StrEnum

from aiops.contracts.secret import Secret


class Version(StrEnum):
    """Which SNMP is spoken."""

    V2C = "2c"
    V3 = "3"


class Digest(StrEnum):
    """How version 3 proves who asks."""

    SHA = "sha"
    SHA256 = "sha256"
    MD5 = "md5"


class Cipher(StrEnum):
    """How version 3 hides what is said."""

    AES = "aes"
    AES256 = "aes256"
    DES = "des"


@dataclass(frozen=True, slots=True)
class SnmpSettings:
    """Agents that are asked with the same credentials."""

    targets: tuple[str, ...] = field(
        metadata={"help": "Agents as host or host:port; the host is the asset's key."}
    )
    version: Version = field(default=Version.V2C, metadata={"help": "2c or 3."})
    community: Secret | None = field(
        default=None, metadata={"help": "Community of version 2c (env: or file:)."}
    )
    username: str = field(default="", metadata={"help": "User of version 3."})
    password: Secret | None = field(
        default=None, metadata={"help": "Its authentication password (env: or file:)."}
    )
    privacy_password: Secret | None = field(
        default=None, metadata={"help": "Its privacy password (env: or file:)."}
    )
    digest: Digest = field(default=Digest.SHA, metadata={"help": "sha, sha256 or md5."})
    cipher: Cipher = field(default=Cipher.AES, metadata={"help": "aes, aes256 or des."})
    timeout_seconds: float = field(
        default=2.0, metadata={"help": "Waiting time for each answer.", "above": 0}
    )
    retries: int = field(default=1, metadata={"help": "Repeats of a request.", "minimum": 0})
    max_rows: int = field(
        default=10_000, metadata={"help": "A table with more values is cut off and told."}
    )
    skip_interfaces: tuple[str, ...] = field(
        default=("lo", "lo0", "veth*", "docker*", "br-*", "virbr*", "ifb*"),
        metadata={"help": "Patterns of interface names to leave out."},
    )
