"""Settings of the collectd receiver."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CollectdSettings:
    """How value lists become series."""

    exclude: tuple[str, ...] = field(
        default=(), metadata={"help": "Patterns of metric names to leave out."}
    )
    max_values: int = field(
        default=100_000, metadata={"help": "A body with more value lists is refused."}
    )
