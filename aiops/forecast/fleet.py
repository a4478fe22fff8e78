"""Forecasts of a step class: what to look for, how often, and what is frozen of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.forecaster import Forecaster
from aiops.domain.abstention import Abstention
from aiops.domain.event import Failure
from aiops.domain.forecast import Crossing, Forecast, Known
from aiops.domain.instant import duration, from_ns, to_ns
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray, SeriesInfo, SeriesKey
from aiops.domain.step import DAY, window_end
from aiops.forecast.cadence import cadence_ns
from aiops.forecast.chance import Chance
from aiops.forecast.conform import conform
from aiops.forecast.learnt import learn_limits
from aiops.forecast.lessons import EVERY, learn_chances
from aiops.forecast.limits import is_met
from aiops.forecast.plan import Plan, Scenario, plan
from aiops.forecast.relative import read_seen
from aiops.forecast.requests import requests_of
from aiops.forecast.resolution import Request, history_step
from aiops.forecast.stage import ForecastStage

Freeze = Callable[[Crossing, Metric, Panel, Forecast | None], dict[str, Any]]


LIMIT: Final = "limit 1"
"""Method of what is not foreseen but seen."""


class Watched(Protocol):
    """What is known of the fleet."""

    @property
    def version(self) -> int:
        """Changes with the inventory."""
        ...

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """By name."""
        ...

    @property
    def limits(self) -> Sequence[Limit]:
        """The nearest rule first."""
        ...

    @property
    def first_ns(self) -> Mapping[int, int]:
        """Series id to the time of its first sample."""
        ...

    def info(self, key: SeriesKey) -> SeriesInfo | None:
        """The series with that key."""
        ...

    def zones(self, infos: Sequence[SeriesInfo]) -> list[str]:
        """Time zone of each series' asset."""
        ...


class Window(Protocol):
    """The window that a forecast stands at the end of."""

    @property
    def infos(self) -> Sequence[SeriesInfo]:
        """Its series."""
        ...

    @property
    def step_ns(self) -> int:
        """Its step class."""
        ...

    @property
    def end(self) -> int:
        """In ns."""
        ...


@dataclass(slots=True)
class _Limited:
    """Series with a limit: row in the window, limit, and which side is bad.

    Attributes:
        learnt: Whether limits that are to be learnt have been asked for.
    """

    token: tuple[int, int, int]
    requests: list[Request]
    rows: IntArray
    limits: FloatArray
    up: NDArray[np.bool_]
    learnt: bool = False

    def put(self, requests: list[Request]) -> None:
        """Takes the same requests with limits as they were learnt."""
        self.requests = requests
        self.limits = np.array([request.limit for request in requests])
        self.learnt = True


@dataclass(slots=True)
class ForecastFleet:
    """Foresees the limits of a fleet from its panels."""

    stage: ForecastStage
    read: Callable[[IntArray, int, int, timedelta], Panel]
    levels: FloatArray
    freeze: Freeze
    _known: "dict[int, _Limited]" = field(default_factory=dict)
    _learnt: dict[int, tuple[int, Mapping[str, Chance]]] = field(default_factory=dict)

    def cadence_ns(self, step_ns: int) -> int:
        """Returns the time between two forecasts of a step class."""
        return cadence_ns(step_ns, self.stage.settings.every)

    def close(self) -> None:
        """Ends the processes that the forecaster was spread over, if there are any."""
        if self.stage.spread is not None:
            self.stage.spread.executor.close()

    def foresee(
        self, window: Window, fleet: Watched, failures: Sequence[Failure] = ()
    ) -> list[Crossing]:
        """Returns one crossing for each limited series, abstentions included.

        Args:
            failures: Those up to now; limits may be learnt from them.
        """
        limited = self._limited(window, fleet)
        if not limited.requests:
            return []
        chances = self._learn(window, limited, failures)
        requests = limited.requests
        return self.stage.foresee(requests, self.read, from_ns(window.end), chances)

    def _learn(
        self, window: Window, limited: _Limited, failures: Sequence[Failure]
    ) -> Mapping[str, Chance]:
        """Returns what the fleet's past has taught by the start of the week; limits first."""
        until = window.end // EVERY * EVERY
        learnt = self._learnt.get(window.step_ns)
        if learnt is None or learnt[0] != until or not limited.learnt:
            limited.put(learn_limits(limited.requests, failures, self.read, until))
        if learnt is None or learnt[0] != until:
            chances = learn_chances(limited.requests, self.read, until, self.stage.settings)
            learnt = self._learnt[window.step_ns] = until, chances
        return learnt[1]

    def met(self, window: Window, fleet: Watched, panel: Panel) -> list[Crossing]:
        """Returns the limits that a cell of the window has met, however short it stayed there.

        Limits are looked for at the cadence of forecasts; that one is met is seen in each cell.
        """
        limited = self._limited(window, fleet)
        values = np.where(panel.usable[limited.rows], panel.values[limited.rows], np.nan)
        limits = limited.limits * self._units(window, limited.requests)
        over = is_met(values, limits[:, None], limited.up[:, None])
        return [
            Crossing(
                request.key,
                from_ns(int(panel.times[np.flatnonzero(over[row])[0]])),
                timedelta(0),
                float(limits[row]),
                request.direction,
                abstained=Abstention.ALREADY_OVER,
                method=LIMIT,
                value=float(values[row, np.flatnonzero(over[row])[0]]),
                of=request.of,
                share=request.limit if request.of else None,
                learnt_from=request.learnt_from,
            )
            for row, request in enumerate(limited.requests)
            if over[row].any()
        ]

    def _units(self, window: Window, requests: Sequence[Request]) -> FloatArray:
        """Returns what a limit of 1 is for each request: the newest value of its reference."""
        unit = np.ones(len(requests))
        rows = [row for row, request in enumerate(requests) if request.reference]
        if rows:
            end = window.end // window.step_ns * window.step_ns
            asked = [requests[row] for row in rows]
            begin = end - max(DAY, window.step_ns) // window.step_ns * window.step_ns
            unit[rows] = read_seen(self.read, asked, begin, end, duration(window.step_ns)).unit
        return unit

    def _limited(self, window: Window, fleet: Watched) -> "_Limited":
        """Returns the series with a limit; made anew only when something was added."""
        token = (fleet.version, len(window.infos), len(fleet.first_ns))
        known = self._known.get(window.step_ns)
        if known is None or known.token != token:
            infos = window.infos
            first = np.array([fleet.first_ns.get(i.id, 0) for i in infos], dtype=np.int64)
            requests = requests_of(
                infos, first, fleet.metrics, fleet.limits, fleet.info, fleet.zones(infos)
            )
            row_by_id = {info.id: row for row, info in enumerate(infos)}
            known = self._known[window.step_ns] = _Limited(
                token,
                requests,
                np.array([row_by_id[r.series] for r in requests], dtype=np.int64),
                np.array([r.limit for r in requests]),
                np.array([r.direction is not Direction.DOWN for r in requests], dtype=bool),
            )
        return known

    def plan(
        self,
        infos: Sequence[SeriesInfo],
        fleet: Watched,
        forecaster: Forecaster,
        scenario: Scenario,
        now: datetime,
    ) -> Plan:
        """Returns how the limited ones of some series go on, as they do and as supposed."""
        first = np.array([fleet.first_ns.get(info.id, 0) for info in infos], dtype=np.int64)
        requests = requests_of(
            infos, first, fleet.metrics, fleet.limits, fleet.info, fleet.zones(infos)
        )
        metrics = [
            fleet.metrics.get(request.key.metric) or Metric(request.key.metric)
            for request in requests
        ]
        units = [metric.unit for metric in metrics]
        history = self.stage.settings.history
        return plan(requests, units, self.read, history, forecaster, scenario, now)

    def history(self, info: SeriesInfo, first_ns: int, end_ns: int) -> Panel:
        """Returns one row: the history that a forecast of it looks at."""
        longest = self.stage.settings.history // timedelta(microseconds=1) * 1000
        span = min(max(end_ns - first_ns, info.step_ns), longest)
        step = history_step(span, info.step_ns)
        end = window_end(end_ns, step, 0)
        cells = max(1, -(-span // step))
        return self.read(np.array([info.id]), end - cells * step, end, duration(step))

    def ahead(self, panel: Panel, metric: Metric, horizon: timedelta) -> Forecast:
        """Returns quantiles of one row, no farther than its history is long.

        The bands are made to hold what they promise, and say what they have held.
        """
        steps = max(1, min(horizon // panel.step, len(panel.times)))
        known = Known(
            floor=np.array([-np.inf if metric.floor is None else metric.floor]),
            ceiling=np.array([np.inf if metric.ceiling is None else metric.ceiling]),
        )

        def ask(past: Panel, ahead: int) -> Forecast:
            return self.stage.forecast_rows(past, ahead, self.levels, known)

        return conform(ask(panel, steps), panel, ask)

    def evidence(self, crossing: Crossing, fleet: Watched) -> Mapping[str, Any]:
        """Returns what is frozen with a decision about the crossing.

        Of a limit that is met nothing lies ahead: what is drawn is how it came to it.
        """
        info = fleet.info(crossing.series)
        if info is None:  # of a life that was learnt from failures there is no series
            known = {"method": crossing.method, "failure": crossing.failure}
            return {**known, "limit_from": {"failures": crossing.learnt_from}}
        panel = self.history(info, fleet.first_ns.get(info.id, 0), to_ns(crossing.origin))
        metric = fleet.metrics.get(crossing.series.metric) or Metric(crossing.series.metric)
        if crossing.abstained is Abstention.ALREADY_OVER:
            return self.freeze(crossing, metric, panel, None)
        horizon = crossing.horizon
        if crossing.late is not None:
            horizon = min(horizon, (crossing.late - crossing.origin) * 1.25)
        forecast = self.ahead(panel, metric, horizon)
        return self.freeze(crossing, metric, panel, forecast)
