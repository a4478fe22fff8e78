"""Settings of the tls_certificate collector."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TlsCertificateSettings:
    """Which servers are asked for their certificate."""

    targets: tuple[str, ...] = field(
        metadata={"help": "Servers as host:port; host alone means port 443."}
    )
    warn_days: float = field(
        default=14.0, metadata={"help": "Days left that count as a warning.", "minimum": 0}
    )
    timeout_seconds: float = field(
        default=10.0, metadata={"help": "A server that takes longer is left out.", "above": 0}
    )
