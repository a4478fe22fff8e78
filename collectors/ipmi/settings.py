"""Settings of the ipmi collector."""

from dataclasses import dataclass, field

from aiops.contracts.secret import Secret


@dataclass(frozen=True, slots=True)
class IpmiSettings:
    """Management controllers that are asked with the same account."""

    targets: tuple[str, ...] = field(
        metadata={"help": "Controllers as asset=host or asset=host:port, or host alone."}
    )
    username: str = field(metadata={"help": "Name of an account with the privilege USER."})
    password: Secret | None = field(
        default=None, metadata={"help": "Its password (env: or file:)."}
    )
    cipher: int = field(
        default=0,
        metadata={
            "help": "Cipher suite such as 3 or 17; 0: what ipmitool chooses.",
            "minimum": 0,
            "maximum": 17,
        },
    )
    program: str = field(default="ipmitool", metadata={"help": "The program, or its path."})
    timeout_seconds: int = field(
        default=2, metadata={"help": "Waiting time for each packet.", "minimum": 1}
    )
    at_once: int = field(
        default=16,
        metadata={"help": "So many controllers are asked at the same time.", "minimum": 1},
    )
