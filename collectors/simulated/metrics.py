"""Declarations of the simulated metrics, from ``metrics.csv`` beside this file."""

import csv
from pathlib import Path
from typing import Final

from aiops.domain.metric import Direction, Metric, MetricKind


def read_metrics(path: Path) -> tuple[Metric, ...]:
    """Returns the metrics a table declares; ratios are bounded by 0 and 1, the rest by 0."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Metric(
                row["metric"],
                row["unit"],
                MetricKind(row["kind"]),
                Direction(row["bad_direction"]),
                floor=None if row["unit"] == "Cel" else 0.0,
                ceiling=1.0 if row["unit"] == "1" else None,
                description=row["description"],
            )
            for row in csv.DictReader(file)
        )


METRICS: Final = read_metrics(Path(__file__).with_name("metrics.csv"))
