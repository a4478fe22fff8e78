"""Settings of the otlp receiver."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OtlpSettings:
    """How data points become series."""

    asset_attribute: str = field(
        default="",
        metadata={"help": "Resource attribute that names the asset before all others."},
    )
    quantiles: tuple[float, ...] = field(
        default=(0.5, 0.95, 0.99), metadata={"help": "Quantiles computed from histograms."}
    )
    max_points: int = field(
        default=100_000, metadata={"help": "A body with more data points is refused."}
    )
