"""What if: when limits are met as things go on, and when they do as somebody supposes.

Values by date come from the quantiles of the futures, the chance of having met a limit by a
date from the futures themselves. Nothing is told farther ahead than a history is long.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from aiops.contracts.errors import NotEnoughHistory
from aiops.contracts.forecaster import Forecaster
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Known
from aiops.domain.instant import from_ns, to_ns
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, SeriesKey
from aiops.forecast.limits import is_met
from aiops.forecast.relative import ReadPanel, read_seen
from aiops.forecast.resolution import Request, plan_reads

LEVELS: Final = np.array([0.1, 0.5, 0.9])
_ROWS_AT_ONCE: Final = 64
_FEWEST: Final = 24
"""Fewer good cells are too short a history, as in the screen."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is supposed.

    Attributes:
        ahead: How far to look, and ``every``: a date for each such span.
        growth: The trend goes on this many times as fast.
        added: Amount added at once to each series, in the unit of ``metric``; below 0 it frees.
        metric: Only series of this metric; empty for all.
        asset: Only assets like this pattern.
    """

    ahead: timedelta = timedelta(days=28)
    every: timedelta = timedelta(days=7)
    growth: float = 1.0
    added: float = 0.0
    metric: str = ""
    asset: str = "*"

    @property
    def dates(self) -> int:
        """Number of dates."""
        return max(1, self.ahead // self.every)


_COLUMNS: Final = ("asset", "signal", "unit", "value", "limit", "direction", "date")
_TOLD: Final = ("p10", "p50", "p90", "probability")

_BYTES: Final = {
    "b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "pb": 1e15,
    "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "tib": 2.0**40, "pib": 2.0**50,
}  # fmt: skip
_AMOUNT: Final = re.compile(r"\s*([+-]?\d{1,15}(?:\.\d{1,9})?)\s*([A-Za-z]{1,3}|%)?\s*")


def amount(text: str, unit: str) -> float:
    """Returns an amount in a metric's unit: a bare number, bytes with a prefix, or per cent.

    >>> amount("200 GB", "By"), amount("-5%", "1"), amount("3", "Cel")
    (200000000000.0, -0.05, 3.0)

    Raises:
        ValueError: It is no amount of that unit.
    """
    read = _AMOUNT.fullmatch(text)
    if read is None:
        raise ValueError(f"{text!r} is no amount; write 200GB, 5% or a number in the unit {unit}")
    number, suffix = float(read[1]), (read[2] or "").lower()
    if not suffix:
        return number
    if suffix == "%" and unit in {"1", "%"}:
        return number / 100 if unit == "1" else number
    if suffix in _BYTES and unit == "By":
        return number * _BYTES[suffix]
    raise ValueError(f"{text!r} is no amount of the unit {unit}; write a bare number in it")


@dataclass(frozen=True, slots=True)
class Course:
    """How one series goes on; NaN where nothing is told.

    Attributes:
        values: ``(dates, 3)`` 10, 50 and 90 % quantiles at each date.
        met: ``(dates,)`` probability that the limit has been met by the date.
    """

    values: FloatArray
    met: FloatArray

    def scaled(self, unit: float) -> "Course":
        """Returns the course of shares in the unit of the series."""
        return Course(self.values * unit, self.met)


@dataclass(frozen=True, slots=True)
class Planned:
    """One limited series, as it goes on and as it would."""

    series: SeriesKey
    unit: str
    value: float
    limit: float
    direction: Direction
    as_is: Course
    supposed: Course
    reason: Abstention = Abstention.NONE


@dataclass(frozen=True, slots=True)
class Plan:
    """Every limited series of a fleet against dates."""

    dates: tuple[datetime, ...]
    rows: tuple[Planned, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of :meth:`table`'s columns."""
        told = tuple(f"{n}{of}" for of in ("", "_supposed") for n in _TOLD)
        return (*_COLUMNS, *told, "reason")

    def fleet(self) -> list[dict[str, Any]]:
        """Returns for each date how many series are expected to have met their limit.

        ``known`` counts the series of which anything is told for the date.
        """
        found = []
        for k, at in enumerate(self.dates):
            told = [row for row in self.rows if np.isfinite(row.as_is.met[k])]
            found.append(
                {
                    "date": at,
                    "known": len(told),
                    "unknown": len(self.rows) - len(told),
                    "expected_over": float(sum(row.as_is.met[k] for row in told)),
                    "expected_over_supposed": float(sum(row.supposed.met[k] for row in told)),
                }
            )
        return found

    def table(self) -> Iterator[dict[str, Any]]:
        """Yields one row for each series and date, None where nothing is told."""
        for row in self.rows:
            for k, at in enumerate(self.dates):
                known = np.isfinite(row.as_is.met[k])
                why = "" if known else (row.reason or Abstention.SHORT_HISTORY).words
                yield {
                    "asset": row.series.asset,
                    "signal": row.series.signal,
                    "unit": row.unit,
                    "value": _number(row.value),
                    "limit": row.limit,
                    "direction": row.direction.value,
                    "date": at,
                    **_columns(row.as_is, k, ""),
                    **_columns(row.supposed, k, "_supposed"),
                    "reason": why,
                }


def plan(
    requests: Sequence[Request],
    units: Sequence[str],
    read: ReadPanel,
    history: timedelta,
    forecaster: Forecaster,
    scenario: Scenario,
    now: datetime,
) -> Plan:
    """Returns how each request goes on, as it is and as supposed, in order.

    Args:
        units: Of each request.
    """
    rows: dict[int, Planned] = {}
    dates = tuple(now + scenario.every * k for k in range(1, scenario.dates + 1))
    for group in plan_reads(requests, to_ns(now), history):
        for begin in range(0, len(group.positions), _ROWS_AT_ONCE):
            places = group.positions[begin : begin + _ROWS_AT_ONCE]
            asked = [requests[place] for place in places]
            seen = read_seen(read, asked, group.start, group.end, group.step)
            unit = seen.unit
            known = Known(
                floor=np.array([request.floor for request in asked]) / unit,
                ceiling=np.array([request.ceiling for request in asked]) / unit,
            )
            supposed = replace(known, growth=scenario.growth, added=scenario.added / unit)
            told = _Told(seen.panel, asked, dates)
            courses = told.courses(forecaster, known), told.courses(forecaster, supposed)
            for k, place in enumerate(places):
                request = asked[k]
                rows[place] = Planned(
                    request.key, units[place], float(told.last[k] * unit[k]),
                    float(request.limit * unit[k]), request.direction,
                    courses[0][k].scaled(unit[k]), courses[1][k].scaled(unit[k]),
                    Abstention(int(told.reason[k])),
                )  # fmt: skip
    return Plan(dates, tuple(rows[place] for place in range(len(requests))))


class _Told:
    """What one panel's futures say of its rows."""

    def __init__(self, panel: Panel, asked: Sequence[Request], dates: Sequence[datetime]) -> None:
        self.panel = panel
        self.limits = np.array([request.limit for request in asked])
        self.up = np.array([request.direction is not Direction.DOWN for request in asked])
        usable = panel.usable
        n, width = usable.shape
        count = usable.sum(axis=1)
        last = width - 1 - usable[:, ::-1].argmax(axis=1)
        self.last = np.where(count > 0, panel.values[np.arange(n), last], np.nan)
        age = np.where(count > 0, width - usable.argmax(axis=1), 0)
        end = from_ns(int(panel.times[-1]) + panel.step_ns)
        # The cell that holds the date: the end of that cell is not before it.
        self.steps = np.array([max(1, -(-(at - end) // panel.step)) for at in dates])
        self.reason = np.where(count < _FEWEST, Abstention.SHORT_HISTORY, 0).astype(np.uint8)
        high = np.where(usable, panel.values, -np.inf).max(axis=1, initial=-np.inf)
        low = np.where(usable, panel.values, np.inf).min(axis=1, initial=np.inf)
        self.constant = (count >= _FEWEST) & (high <= low)
        self.told = (self.reason[:, None] == 0) & (self.steps[None, :] <= age[:, None])

    def courses(self, forecaster: Forecaster, known: Known) -> list[Course]:
        """Returns the course of each row."""
        n, dates = self.told.shape
        values = np.full((n, dates, len(LEVELS)), np.nan)
        met = np.full((n, dates), np.nan)
        added = known.added if known.added is not None else np.zeros(n)
        moving = self.told.any(axis=1) & ~self.constant
        if moving.any():
            farthest = int(self.steps[self.told[moving].any(axis=0)].max())
            self._move(forecaster, known, farthest, values, met)
        low = -np.inf if known.floor is None else known.floor
        high = np.inf if known.ceiling is None else known.ceiling
        start = np.clip(self.last + added, low, high)
        values[self.constant] = start[self.constant, None, None]
        # What is over from the beginning has met its limit by every date.
        over = np.asarray(is_met(start, self.limits, self.up))
        met[self.constant] = 0.0
        met[over] = 1.0
        values[~self.told] = np.nan
        met[~self.told] = np.nan
        return [Course(values[row], met[row]) for row in range(n)]

    def _move(
        self,
        forecaster: Forecaster,
        known: Known,
        farthest: int,
        values: FloatArray,
        met: FloatArray,
    ) -> None:
        try:
            model = forecaster.update(None, self.panel)
            made = forecaster.forecast(model, self.panel, farthest, LEVELS, known)
        except NotEnoughHistory:
            return
        if made.paths is None:
            return
        up = self.up[:, None, None]
        limits = self.limits.astype(np.float32)[:, None, None]
        beyond = np.where(up, made.paths >= limits, made.paths <= limits)
        by = np.maximum.accumulate(beyond, axis=2).mean(axis=1)
        answered = made.reason == 0
        for k, step in enumerate(np.minimum(self.steps, farthest).tolist()):
            values[answered, k] = made.quantiles[answered, step - 1]
            met[answered, k] = by[answered, step - 1]


def _columns(course: Course, k: int, name: str) -> dict[str, float | None]:
    told = [*course.values[k].tolist(), course.met[k]]
    return {f"{n}{name}": _number(value) for n, value in zip(_TOLD, told, strict=True)}


def as_cell(value: object) -> object:
    """Returns a value of a table as a cell of CSV: names that a spreadsheet would run are text.

    >>> as_cell("=1+1"), as_cell(-2.0)
    ("'=1+1", -2.0)

    Source: OWASP, "CSV Injection".
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
