"""The stage: a fleet and its limits in, crossings out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from aiops.contracts.errors import NotEnoughHistory
from aiops.contracts.forecaster import Forecaster
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Crossing, Forecast, Known
from aiops.domain.instant import duration, to_ns
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray, SeriesKey
from aiops.domain.step import HOUR, window_end
from aiops.forecast.chance import Chance
from aiops.forecast.jumps import bound_by_jump
from aiops.forecast.month_ends import bound_by_month, look_back_from
from aiops.forecast.passage import Passage
from aiops.forecast.relative import ReadPanel, Seen, in_own_unit, read_seen
from aiops.forecast.resolution import MOST_CELLS, Request, plan_reads
from aiops.forecast.runaway import COARSER, find_runaways
from aiops.forecast.screen import Screen, screen
from aiops.forecast.settings import ForecastSettings
from aiops.forecast.shortlist import Ensemble
from aiops.forecast.spread import Shard, Spread, Told, foretell
from aiops.forecast.waves import bound_by_waves
from aiops.forecast.weigh import hear, weigh, weigh_rest, weigh_warned

NOTHING_LEARNT: Final[Mapping[str, Chance]] = {}
"""By metric: where the fleet's past has taught nothing, the prior answers."""

_TELLING: Final = 0.3
"""What is less likely opens nothing, nor does it keep anything open."""

_TWO_MONTHS: Final = 58 * 86400 * 10**9
"""What is younger has seen no two month ends before this one."""

_LOOKED_BACK: Final = 64
"""Rows whose months are held at the same time: 2 MB."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ForecastStage:
    """Foresees limits with one forecaster; pure but for the ``read`` it is given."""

    settings: ForecastSettings
    forecaster: Forecaster
    spread: Spread | None = None
    ensemble: Ensemble | None = None

    def foresee(
        self,
        requests: Sequence[Request],
        read: ReadPanel,
        now: datetime,
        chances: Mapping[str, Chance] = NOTHING_LEARNT,
    ) -> list[Crossing]:
        """Returns one crossing for each request, in order.

        Reads each row's history at the resolution that gives a few hundred cells, one panel
        for each resolution.
        """
        now_ns = (now - _EPOCH) // timedelta(microseconds=1) * 1000
        answers: dict[int, Crossing] = {}
        for group in plan_reads(requests, now_ns, self.settings.history):
            asked = [requests[i] for i in group.positions]
            seen = read_seen(read, asked, group.start, group.end, group.step)
            ensemble = self.ensemble and self.ensemble.of_part(len(asked) / len(requests))
            crossings = self._cross_asked(seen, asked, now, chances, ensemble)
            self._look_closer(asked, crossings, seen.panel, read, now)
            self._look_back(asked, crossings, read, now)
            answers.update(zip(group.positions, crossings, strict=True))
        return [answers[i] for i in range(len(requests))]

    def _cross_asked(
        self,
        seen: Seen,
        asked: Sequence[Request],
        now: datetime,
        chances: Mapping[str, Chance] = NOTHING_LEARNT,
        ensemble: Ensemble | None = None,
    ) -> list[Crossing]:
        known = Known(
            floor=np.array([request.floor for request in asked]) / seen.unit,
            ceiling=np.array([request.ceiling for request in asked]) / seen.unit,
        )
        warns = np.array([request.warn for request in asked])
        crossings = self.cross(
            seen.panel,
            [request.key for request in asked],
            np.array([request.limit for request in asked]),
            [request.direction for request in asked],
            self.settings.horizon,
            now,
            known,
            chances,
            warns if np.isfinite(warns).any() else None,
            ensemble,
        )
        return [
            in_own_unit(crossing, request, float(unit))
            for crossing, request, unit in zip(crossings, asked, seen.unit, strict=True)
        ]

    def _look_closer(
        self,
        asked: Sequence[Request],
        crossings: list[Crossing],
        past: Panel,
        read: ReadPanel,
        now: datetime,
    ) -> None:
        """Answers anew, in fine cells, the rows whose rise of late has no precedent."""
        now_ns = (now - _EPOCH) // timedelta(microseconds=1) * 1000
        places_by_step: dict[int, list[int]] = {}
        for place, request in enumerate(asked):
            if request.step_ns * COARSER <= past.step_ns:
                places_by_step.setdefault(request.step_ns, []).append(place)
        for step_ns, places in places_by_step.items():
            some = [asked[place] for place in places]
            end = window_end(now_ns, step_ns, 0)
            step = timedelta(microseconds=step_ns // 1000)
            recent = read_seen(read, some, end - MOST_CELLS * step_ns, end, step)
            up = np.array([request.direction is not Direction.DOWN for request in some])
            rows = np.array(places, dtype=np.int64)
            sudden = np.flatnonzero(find_runaways(recent.panel, past.take(rows), up))
            if not len(sudden):
                continue
            sharp = [some[k] for k in sudden.tolist()]
            closer = self._cross_asked(recent.take(sudden), sharp, now)
            for place, crossing in zip(rows[sudden].tolist(), closer, strict=True):
                if (crossing.probability or 0.0) > (crossings[place].probability or 0.0):
                    crossings[place] = crossing

    def _look_back(
        self, asked: Sequence[Request], crossings: list[Crossing], read: ReadPanel, now: datetime
    ) -> None:
        """Lowers the chance of rows that rise as at earlier month ends, where it was high."""
        old = to_ns(now) - _TWO_MONTHS
        places_by_kind: dict[tuple[str, int], list[int]] = {}
        for place, request in enumerate(asked):
            if (crossings[place].probability or 0.0) > _TELLING and request.first_ns <= old:
                kind = request.zone, max(HOUR, request.step_ns)
                places_by_kind.setdefault(kind, []).append(place)
        for (zone, step_ns), every in places_by_kind.items():
            start, end = (at // step_ns * step_ns for at in (look_back_from(now, zone), to_ns(now)))
            for begin in range(0, len(every), _LOOKED_BACK):
                places = every[begin : begin + _LOOKED_BACK]
                some = [asked[place] for place in places]
                past = read_seen(read, some, start, end, duration(step_ns)).panel
                values = np.where(past.usable, past.values, np.nan)
                for row, (place, one) in enumerate(zip(places, some, strict=True)):
                    up = one.direction is not Direction.DOWN
                    most = bound_by_month(past.times, values[row], one.limit, zone, up=up)
                    known = crossings[place].probability or 0.0
                    crossings[place] = replace(crossings[place], probability=min(known, most))

    def cross(
        self,
        panel: Panel,
        keys: Sequence[SeriesKey],
        limits: FloatArray,
        directions: Sequence[Direction],
        horizon: timedelta,
        now: datetime,
        known: Known | None = None,
        chances: Mapping[str, Chance] = NOTHING_LEARNT,
        warns: FloatArray | None = None,
        ensemble: Ensemble | None = None,
    ) -> list[Crossing]:
        """Returns one crossing for each row of the panel (repeat a row for several limits).

        The horizon of a row is at most the length of its history: nothing older than itself
        can be promised. A row that the screen finds out of reach of its limit is answered
        with probability 0; one without a significant trend abstains. Where the fleet's past has
        taught how often such rows meet their limit all the same, that is told, without a time.

        Args:
            keys: The rows' names.
            limits: ``(n,)`` NaN where there is none.
            directions: ``up`` or ``down`` for each row (``both`` counts as up).
            chances: What the fleet's past has taught, by metric.
            warns: ``(n,)`` levels before the limits; told of rows that may meet their limit.
            ensemble: Asked of the likeliest few as well.
        """
        del now  # The panel's end is the origin; kept so that all stages are called alike.
        known = known or Known()
        up = np.array([direction is not Direction.DOWN for direction in directions], dtype=bool)
        cells = max(1, horizon // panel.step)
        first = screen(panel, limits, up, cells)
        ahead = np.minimum(cells, first.age)
        rows = Shard(panel, limits, up, ahead, known, warns)
        told = self._simulate(rows, np.flatnonzero(first.near))
        own = [chances.get(key.metric, Chance()) for key in keys]
        shares = told.passage.probability.copy()
        weigh(told.passage, rows, own)
        most = _most_of(told.passage, rows)
        weigh_rest(told.passage, rows, own, first.reason)
        if ensemble is not None:
            heard, by_errors = ensemble.ask(told.passage.probability, rows)
            hear(told.passage, shares, rows, own, heard, by_errors)
        np.minimum(told.passage.probability, most, out=told.passage.probability)
        weigh_warned(told, rows, own, first.value)
        return [self._crossing(row, key, rows, first, told) for row, key in enumerate(keys)]

    def forecast_rows(
        self, panel: Panel, horizon: int, levels: FloatArray, known: Known | None = None
    ) -> Forecast:
        """Returns quantiles of the panel's rows; rows without an answer carry a reason."""
        model = self.forecaster.update(None, panel)
        try:
            return self.forecaster.forecast(model, panel, horizon, levels, known or Known())
        except NotEnoughHistory:
            n = len(panel.series)
            seen = screen(panel, np.full(n, np.inf), np.ones(n, dtype=bool), horizon)
            reason = np.where(
                np.isin(seen.reason, _HISTORY_REASONS), seen.reason, Abstention.SHORT_HISTORY
            ).astype(np.uint8)
            nothing = np.full((n, horizon, len(levels)), np.nan)
            end = int(panel.times[-1]) + panel.step_ns if len(panel.times) else 0
            return Forecast(
                panel.series, end, panel.step, levels, nothing, reason, "none",
                self.forecaster.version,
            )  # fmt: skip

    def _simulate(self, asked: Shard, near: IntArray) -> Told:
        whole = Told.nothing(len(asked.limits), warned=asked.warns is not None)
        if len(near):
            whole.put(near, foretell(self.forecaster, asked.take(near), self.spread))
        return whole

    def _crossing(
        self,
        row: int,
        key: SeriesKey,
        asked: Shard,
        first: Screen,
        told: Told,
    ) -> Crossing:
        panel, passage = asked.panel, told.passage
        origin = _EPOCH + timedelta(microseconds=int(panel.times[-1] + panel.step_ns) // 1000)
        step = panel.step
        crossing = Crossing(
            key,
            origin,
            step * int(asked.ahead[row]),
            float(asked.limits[row]),
            Direction.UP if asked.up[row] else Direction.DOWN,
            method=self.forecaster.version,
            value=float(first.value[row]),
            growth=float(first.growth[row]) / step.total_seconds(),
        )
        if first.reason[row]:
            rate = float(passage.probability[row])
            return replace(
                crossing,
                abstained=Abstention(int(first.reason[row])),
                probability=rate if rate > 0 else None,
            )
        if told.reason[row]:
            return replace(crossing, abstained=Abstention(int(told.reason[row])))
        probability = float(passage.probability[row])
        if np.isnan(passage.early[row]):
            return replace(crossing, probability=probability)
        # A step is an interval: the range is rounded outwards to its ends.
        return replace(
            crossing,
            probability=probability,
            warn=told.milestone(row, asked.warns, origin, step),
            early=origin + step * (float(passage.early[row]) - 1),
            likely=origin + step * (float(passage.likely[row]) - 0.5),
            late=origin + step * float(passage.late[row]),
        )


_HISTORY_REASONS: Final = (
    Abstention.MISSING,
    Abstention.SHORT_HISTORY,
    Abstention.GAPPY_HISTORY,
    Abstention.CONSTANT,
)


def _most_of(passage: Passage, asked: Shard) -> FloatArray:
    """Returns the most that is likely of what comes back at regular times, or moved only once."""
    values = np.where(asked.panel.usable, asked.panel.values, np.nan)
    most = np.ones(len(asked.limits))
    for row in np.flatnonzero(passage.probability > 0).tolist():
        up = bool(asked.up[row])
        most[row] = min(
            bound_by_waves(values[row], float(asked.limits[row]), up=up),
            bound_by_jump(values[row], int(asked.ahead[row]), up=up),
        )
    return most
