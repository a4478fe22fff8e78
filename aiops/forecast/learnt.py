"""Limits learnt from past failures: the level that nine in ten had passed by their end.

Source: the protocol in which limits for wear are set from the engines that ran to failure before
(Saxena, Goebel, Simon and Eklund, "Damage propagation modeling", 2008, give the data).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from aiops.domain.event import Failure
from aiops.domain.instant import duration, to_ns
from aiops.domain.metric import Direction
from aiops.domain.step import DAY
from aiops.forecast.limits import is_met
from aiops.forecast.relative import ReadPanel
from aiops.forecast.resolution import Request, history_step

FEWEST: Final = 5
"""Fewer failures than this teach no level, as with lives."""

_PASSED: Final = 0.1
"""Share of the failures that had not passed the level by their end."""

_CALM: Final = 0.05
"""A level beyond which the fleet spends more of its time than this tells of no failure."""

_CELLS: Final = 48
_LAST: Final = 5
_SPAN: Final = 56 * DAY


def learn_limits(
    requests: Sequence[Request], failures: Sequence[Failure], read: ReadPanel, until: int
) -> list[Request]:
    """Returns the requests, with limits learnt where that is wanted and possible.

    Args:
        until: ns; nothing later is looked at.
    """
    wanted: dict[tuple[str, int, Direction], list[Request]] = {}
    for request in requests:
        if request.learnt and request.first_ns < until:
            kind = request.key.metric, request.step_ns, request.direction
            wanted.setdefault(kind, []).append(request)
    learnt: dict[tuple[str, int, Direction], tuple[float, int]] = {}
    for kind, asked in wanted.items():
        found = _level(asked, failures, read, until)
        if found is not None:
            learnt[kind] = found

    def one(request: Request) -> Request:
        kind = request.key.metric, request.step_ns, request.direction
        if not request.learnt or kind not in learnt:
            return request
        limit, count = learnt[kind]
        return replace(request, limit=limit, learnt_from=count)

    return [one(request) for request in requests]


def _level(
    asked: Sequence[Request], failures: Sequence[Failure], read: ReadPanel, until: int
) -> tuple[float, int] | None:
    """Returns the level, and the failures it was learnt from."""
    sign = -1.0 if asked[0].direction is Direction.DOWN else 1.0
    step_ns = asked[0].step_ns
    ends = []
    for request in asked:
        for failure in failures:
            end = to_ns(failure.at) // step_ns * step_ns
            if failure.asset != request.key.asset or end > until:
                continue
            ids = np.array([request.series], dtype=np.int64)
            last = read(ids, end - _CELLS * step_ns, end, duration(step_ns))
            known = last.values[0, last.usable[0]][-_LAST:]
            if len(known):
                ends.append(sign * float(np.median(known)))
    if len(ends) < FEWEST:
        return None
    level = sign * float(np.quantile(ends, _PASSED))
    step = history_step(_SPAN, step_ns)
    ids = np.array(sorted({request.series for request in asked}), dtype=np.int64)
    end = until // step * step
    fleet = read(ids, end - _SPAN // step * step, end, duration(step))
    values = fleet.values[fleet.usable]
    beyond = is_met(values, np.full(len(values), level), np.full(len(values), sign > 0))
    return (level, len(ends)) if len(values) and float(np.mean(beyond)) <= _CALM else None
