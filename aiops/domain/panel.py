"""A panel: many series on one grid, the unit of work of every detector and forecaster."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import IntEnum, StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray


class Quality(IntEnum):
    """Why a cell may not be used as it is; 0 is good."""

    OK = 0
    MISSING = 1
    LATE = 2
    BAD = 3
    MAINTENANCE = 4


class Aggregation(StrEnum):
    """How the samples of one cell become its value."""

    LAST = "last"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Season phases in each row's own time zone; plug-ins do no zone arithmetic.

    Attributes:
        zone: ``(n_series,)`` index of the row's zone below.
        day_phase: ``(n_zones, n_times)`` seconds since local midnight, int32. In the
            repeated hour of a DST change both passes have the same phase.
        week_phase: ``(n_zones, n_times)`` seconds since local Monday 00:00, int32.
        day_off: ``(n_zones, n_times)`` bool: a weekend or holiday where the row stands; a
            weekend day that a country works on is none.
        dates: Of each zone every day off of the years around the cells, those ahead included;
            empty where nothing but weekends is known.
    """

    zone: IntArray
    day_phase: NDArray[np.int32]
    week_phase: NDArray[np.int32]
    day_off: NDArray[np.bool_]
    dates: tuple[frozenset[date], ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """Many series on one regular grid.

    Cell ``i`` covers ``[times[i], times[i] + step)``. A missing cell holds NaN.

    Attributes:
        series: ``(n_series,)`` int64 ids in row order.
        step: Width of a cell.
        times: ``(n_times,)`` int64 ns, start of each cell. An *ordinal* panel (charge
            cycles, back-up runs) has irregular times and ``ordinal`` set.
        values: ``(n_series, n_times)`` float64; counters as rate per second.
        quality: ``(n_series, n_times)`` uint8 of :class:`Quality`.
        groups: ``(n_series,)`` int64 unit of each row for detectors whose scope is an
            asset or peers (0 … n_units - 1), or None when every row is a unit.
    """

    series: IntArray
    step: timedelta
    times: IntArray
    values: FloatArray
    quality: NDArray[np.uint8]
    aggregation: Aggregation = Aggregation.LAST
    calendar: Calendar | None = None
    groups: IntArray | None = None
    ordinal: bool = False

    def __post_init__(self) -> None:
        shape = (len(self.series), len(self.times))
        if self.values.shape != shape or self.quality.shape != shape:
            msg = f"panel of {shape} has values {self.values.shape}, quality {self.quality.shape}"
            raise ValueError(msg)

    @property
    def step_ns(self) -> int:
        """The step in nanoseconds."""
        return self.step // timedelta(microseconds=1) * 1000

    @property
    def usable(self) -> NDArray[np.bool_]:
        """``(n_series, n_times)``: cells a model may learn from."""
        good = (self.quality == Quality.OK) | (self.quality == Quality.LATE)
        return np.asarray(good & np.isfinite(self.values))

    def columns(self, start: int, stop: int) -> Self:
        """Returns the cells ``start`` to ``stop`` (positions, half-open)."""
        calendar = self.calendar
        if calendar is not None:
            calendar = Calendar(
                calendar.zone,
                calendar.day_phase[:, start:stop],
                calendar.week_phase[:, start:stop],
                calendar.day_off[:, start:stop],
                calendar.dates,
            )
        return replace(
            self,
            times=self.times[start:stop],
            values=self.values[:, start:stop],
            quality=self.quality[:, start:stop],
            calendar=calendar,
        )

    def take(self, rows: IntArray) -> Self:
        """Returns the given rows, in the given order."""
        calendar = self.calendar
        if calendar is not None:
            calendar = replace(calendar, zone=calendar.zone[rows])
        return replace(
            self,
            series=self.series[rows],
            values=self.values[rows],
            quality=self.quality[rows],
            calendar=calendar,
            groups=None if self.groups is None else self.groups[rows],
        )

    @classmethod
    def of(
        cls,
        values: FloatArray,
        times: IntArray,
        step: timedelta,
        series: IntArray | None = None,
        **rest: object,
    ) -> Self:
        """Builds a panel from values alone: NaN cells are missing, the rest is good."""
        values = np.atleast_2d(np.asarray(values, dtype=np.float64))
        quality = np.where(np.isfinite(values), Quality.OK, Quality.MISSING).astype(np.uint8)
        ids = np.arange(len(values), dtype=np.int64) if series is None else series
        return cls(ids, step, np.asarray(times, np.int64), values, quality, **rest)  # type: ignore[arg-type]
