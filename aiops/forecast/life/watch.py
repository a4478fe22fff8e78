"""Failures that were lived through teach when the next ones come: whole lives, by kind of asset.

An asset's life runs from its first sample, or from its last repair or failure, to its
failure. Assets of one kind share a model; it is fitted anew when a fifth more failures are
known. Assets that have not failed are censored lives of the same history.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

import numpy as np
import structlog

from aiops.contracts.errors import NotEnoughHistory
from aiops.domain.asset import Asset
from aiops.domain.event import Failure, Maintenance
from aiops.domain.forecast import REMAINING_LIFE, Crossing, Life
from aiops.domain.instant import duration, from_ns, to_ns
from aiops.domain.lives import Lives
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import IntArray, SeriesInfo, SeriesKey
from aiops.domain.step import SECOND
from aiops.forecast.life.model import FittedLife, fit_life
from aiops.forecast.resolution import history_step

FEWEST_FAILURES: Final = 3
"""Fewer lives say nothing about how lives of a kind end."""
_MORE: Final = 1.2
_MOST_CELLS: Final = 1024
_log = structlog.get_logger("life")

ReadPanel = Callable[[IntArray, int, int, timedelta], Panel]


class Watched(Protocol):
    """What is known of the fleet."""

    @property
    def assets(self) -> Mapping[str, Asset]:
        """By key."""
        ...

    @property
    def first_ns(self) -> Mapping[int, int]:
        """Series id to the time of its first sample."""
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


@dataclass(frozen=True, slots=True)
class _Span:
    """One life: from ``start`` to ``end`` (ns); ``failed`` when it ended in a failure."""

    asset: str
    start: int
    end: int
    failed: bool


@dataclass(frozen=True, slots=True)
class _Taught:
    model: FittedLife | None
    failures: int


@dataclass(slots=True)
class LifeWatch:
    """Remembers how lives ended and foresees how the living will."""

    read: ReadPanel
    horizon: timedelta
    ended: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    _taught: dict[tuple[str, int], _Taught] = field(default_factory=dict)

    def learn(self, events: Iterable[Failure | Maintenance]) -> None:
        """Takes note of failures and repairs; each ends a life."""
        for event in events:
            failed = isinstance(event, Failure)
            at = to_ns(event.at if isinstance(event, Failure) else event.start)
            ends = self.ended.setdefault(event.asset, [])
            if (at, failed) not in ends:
                ends.append((at, failed))
                ends.sort()

    def foresee(self, window: Window, fleet: Watched) -> list[Crossing]:
        """Returns one crossing for each living asset whose kind has failed often enough."""
        kinds = {fleet.assets[a].kind for a in self.ended if a in fleet.assets}
        crossings: list[Crossing] = []
        for kind in sorted(kinds):
            infos = [
                info
                for info in window.infos
                if (asset := fleet.assets.get(info.key.asset)) and asset.kind == kind
            ]
            if infos:
                crossings += self._foresee_kind(kind, infos, window, fleet)
        return crossings

    def _foresee_kind(
        self, kind: str, infos: Sequence[SeriesInfo], window: Window, fleet: Watched
    ) -> list[Crossing]:
        spans = self._spans(infos, fleet, window.end)
        failures = sum(span.failed for span in spans)
        if failures < FEWEST_FAILURES:
            return []
        longest = max(span.end - span.start for span in spans)
        step = history_step(longest, window.step_ns, _MOST_CELLS)
        taught = self._taught.get((kind, window.step_ns))
        if taught is None or failures >= taught.failures * _MORE:
            taught = _Taught(self._fit(kind, spans, infos, step), failures)
            self._taught[kind, window.step_ns] = taught
        living = [span for span in spans if not span.failed and span.end == window.end]
        if taught.model is None or not living:
            return []
        lives = self._lives(living, infos, step)
        told = taught.model.predict(lives) if len(lives) else ()
        return [self._crossing(life, window.end, taught.model.version) for life in told]

    def _fit(
        self, kind: str, spans: Sequence[_Span], infos: Sequence[SeriesInfo], step: int
    ) -> FittedLife | None:
        try:
            return fit_life(self._lives(spans, infos, step))
        except NotEnoughHistory as error:
            _log.info("no life model yet", kind=kind, why=str(error))
            return None

    def _spans(self, infos: Sequence[SeriesInfo], fleet: Watched, end: int) -> list[_Span]:
        first: dict[str, int] = {}
        for info in infos:
            at = fleet.first_ns.get(info.id)
            if at is not None:
                first[info.key.asset] = min(first.get(info.key.asset, at), at)
        spans = []
        for asset, start in sorted(first.items()):
            begin = start
            for at, failed in self.ended.get(asset, ()):
                if begin < at <= end:
                    spans.append(_Span(asset, begin, at, failed))
                    begin = at
            if begin < end:
                spans.append(_Span(asset, begin, end, failed=False))
        return spans

    def _lives(self, spans: Sequence[_Span], infos: Sequence[SeriesInfo], step: int) -> Lives:
        signals = sorted({info.key.signal for info in infos})
        place = {signal: i for i, signal in enumerate(signals)}
        by_asset: dict[str, list[SeriesInfo]] = {}
        for info in infos:
            by_asset.setdefault(info.key.asset, []).append(info)
        units, cuts, times, rows, censored = [], [0], [], [], []
        for span in spans:
            mine = by_asset[span.asset]
            start = span.start // step * step
            end = -(-span.end // step) * step
            ids = np.array([info.id for info in mine], dtype=np.int64)
            panel = self.read(ids, start, end, duration(step))
            values = np.full((len(panel.times), len(signals)), np.nan)
            columns = [place[info.key.signal] for info in mine]
            values[:, columns] = np.where(panel.usable, panel.values, np.nan).T
            inside = (panel.times >= start) & np.isfinite(values).any(axis=1)
            if inside.sum() < 2:
                continue
            units.append(span.asset)
            times.append((panel.times[inside] - span.start) / SECOND)
            rows.append(values[inside])
            cuts.append(cuts[-1] + int(inside.sum()))
            censored.append(not span.failed)
        return Lives(
            tuple(units),
            np.array(cuts, dtype=np.int64),
            np.concatenate(times) if times else np.empty(0),
            np.concatenate(rows) if rows else np.empty((0, len(signals))),
            tuple(signals),
            np.array(censored, dtype=bool),
        )

    def _crossing(self, life: Life, end: int, version: str) -> Crossing:
        horizon = self.horizon.total_seconds()
        levels = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
        spread = max(life.p90 - life.p50, 1e-9)
        ages = np.maximum.accumulate(
            np.array([0.0, life.p10, life.p50, life.p90, life.p90 + spread])
        )
        ages += np.arange(5) * 1e-9  # rising, so that both directions interpolate
        probability = float(np.interp(horizon, ages, levels))
        early, likely, late = np.interp(probability * np.array([0.1, 0.5, 0.9]), levels, ages)
        at = from_ns(end)
        return Crossing(
            SeriesKey(life.asset, REMAINING_LIFE),
            at,
            self.horizon,
            0.0,
            Direction.DOWN,
            probability,
            early=at + timedelta(seconds=float(early)),
            likely=at + timedelta(seconds=float(likely)),
            late=at + timedelta(seconds=float(late)),
            method=version,
            value=life.p50,
            growth=-1.0,
        )
