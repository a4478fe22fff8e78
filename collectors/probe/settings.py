"""Settings of the probe collector."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """Which services are asked."""

    targets: tuple[str, ...] = field(
        metadata={"help": "Addresses: tcp://host:port, http://… or https://…"}
    )
    timeout_seconds: float = field(
        default=5.0, metadata={"help": "A service that takes longer has failed.", "above": 0}
    )
    verify: bool = field(
        default=True, metadata={"help": "Check certificates; turn off only in a lab."}
    )
    success_below: int = field(
        default=400, metadata={"help": "HTTP status codes from here on have failed."}
    )
