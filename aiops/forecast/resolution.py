"""Which resolution a row's history is read at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from aiops.domain.metric import Direction
from aiops.domain.series import SeriesKey
from aiops.domain.step import STEP_CLASSES, window_end

MOST_CELLS: Final = 512
"""A trend of a few hundred cells is as well known as one of thousands, and cheaper."""


@dataclass(frozen=True, slots=True)
class Request:
    """One series and one limit to look ahead for.

    Attributes:
        series: Id in the catalogue.
        step_ns: Its step class.
        first_ns: Time of its first sample.
        floor, ceiling: Physical bounds, ±inf where there is none.
        warn: A level before the limit, NaN where there is none.
        of: Metric that ``limit`` and ``warn`` are shares of, and ``reference`` the id of its
            series, 0 for none.
        learnt: Whether the limit is to be learnt, and ``learnt_from`` how many failures it was.
        zone: IANA zone that its months are counted in.
    """

    series: int
    key: SeriesKey
    step_ns: int
    first_ns: int
    limit: float
    direction: Direction
    floor: float = float("-inf")
    ceiling: float = float("inf")
    warn: float = float("nan")
    of: str = ""
    reference: int = 0
    learnt: bool = False
    learnt_from: int = 0
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Read:
    """One panel to read: positions in the list of requests, window in ns, step."""

    positions: tuple[int, ...]
    start: int
    end: int
    step: timedelta


def history_step(span_ns: int, step_ns: int, most_cells: int = MOST_CELLS) -> int:
    """Returns the finest class, not finer than the row's own, that keeps to the cell count.

    >>> history_step(24 * 3600 * 10**9, 60 * 10**9) // 10**9
    300
    """
    classes = (step for step in STEP_CLASSES if step >= step_ns and span_ns <= step * most_cells)
    return next(classes, STEP_CLASSES[-1])


def plan_reads(requests: Sequence[Request], now_ns: int, history: timedelta) -> Iterator[Read]:
    """Groups requests by the resolution of their history, finest first."""
    longest = history // timedelta(microseconds=1) * 1000
    positions_by_step: dict[int, list[int]] = {}
    for position, request in enumerate(requests):
        span = min(max(now_ns - request.first_ns, request.step_ns), longest)
        step = history_step(span, request.step_ns)
        positions_by_step.setdefault(step, []).append(position)
    for step, positions in sorted(positions_by_step.items()):
        end = window_end(now_ns, step, 0)
        first = min(requests[i].first_ns for i in positions)
        cells = max(1, min(longest, end - first // step * step) // step)
        yield Read(tuple(positions), end - cells * step, end, timedelta(microseconds=step // 1000))
