"""What is measured: unit, kind, bad direction, limits."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class MetricKind(StrEnum):
    """A gauge is read as it is; a counter only grows and is read as its rate per second."""

    GAUGE = "gauge"
    COUNTER = "counter"


class Direction(StrEnum):
    """Which way a value moves when things get worse."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Metric:
    """A declared metric.

    Attributes:
        name: OpenTelemetry semantic name where one exists, for example
            ``system.filesystem.utilization``.
        unit: UCUM code (``1``, ``By``, ``s``, ``Cel``, ``By/s``).
        floor, ceiling: Physical bounds a value cannot pass, or None.
        provisional: True when it was not declared before its first sample.
    """

    name: str
    unit: str = "1"
    kind: MetricKind = MetricKind.GAUGE
    bad_direction: Direction = Direction.BOTH
    floor: float | None = None
    ceiling: float | None = None
    description: str = ""
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """Where a metric of an asset (or of every asset, when ``asset`` is empty) counts as failed.

    ``direction`` is ``up`` (failed at or above ``fail``) or ``down`` (at or below).

    Attributes:
        of: Another metric of the same asset: ``fail`` and ``warn`` are shares of its value.
        learnt: ``fail`` is learnt from the levels at which assets failed; the written one counts
            until enough have.
    """

    metric: str
    direction: Direction
    fail: float
    warn: float | None = None
    asset: str = ""
    of: str = ""
    learnt: bool = False

    @classmethod
    def towards(cls, metric: Metric, asset: str, fail: float, warn: float | None = None) -> Self:
        """Returns a limit in the bad direction of a metric, upwards when both are bad.

        >>> Limit.towards(Metric("free", bad_direction=Direction.DOWN), "a", 0.0).direction.value
        'down'
        """
        down = metric.bad_direction is Direction.DOWN
        return cls(metric.name, Direction.DOWN if down else Direction.UP, fail, warn, asset)
