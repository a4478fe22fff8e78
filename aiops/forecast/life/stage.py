"""Lives of a fleet: learnt from the failures reported so far, told for those still alive."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import Final

import numpy as np

from aiops.domain.event import Failure
from aiops.domain.forecast import REMAINING_LIFE, Crossing, Life
from aiops.domain.lives import Lives
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray, SeriesInfo, SeriesKey
from aiops.domain.step import window_end
from aiops.forecast.life.ages import AgedLife, says_no_more_than_age
from aiops.forecast.life.model import FittedLife, fit_life
from aiops.forecast.resolution import history_step

ReadPanel = Callable[[IntArray, int, int, timedelta], Panel]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_NS: Final = 3600 * 10**9
_FEWEST_ROWS: Final = 8
_GROWN: Final = 1.25
"""A model is fitted anew when a quarter more failures are known."""

_SHARE: Final = 4
"""Ranges longer than a quarter of a typical life say nothing."""

_Z: Final = np.array([NormalDist().inv_cdf(p) for p in (0.1, 0.5, 0.9)])


@dataclass(frozen=True, slots=True)
class _Span:
    """One life of one asset: from its first sample, or the failure before, to its end."""

    asset: str
    start: int
    end: int
    failed: bool


@dataclass(slots=True)
class LifeStage:
    """Foresees the failure of assets that look like those that failed before.

    Assets are alike when they have the same signals. Nothing is told before ``fewest`` of
    them have failed. Models are kept between calls and fitted anew as failures come in; a
    failure counts from its own time on.
    """

    read: ReadPanel
    horizon: timedelta = timedelta(days=7)
    fewest: int = 5
    _models: dict[tuple[str, ...], tuple[int, FittedLife | AgedLife]] = field(default_factory=dict)

    def foresee(
        self,
        infos: Sequence[SeriesInfo],
        first_ns: Mapping[int, int],
        failures: Sequence[Failure],
        now: datetime,
    ) -> list[Crossing]:
        """Returns one crossing for each living asset of a kind that is known to fail.

        Args:
            first_ns: Series id to the time of its first sample.
            failures: Those up to now; later ones are not looked at.
        """
        now_ns = _ns(now)
        known = [failure for failure in failures if failure.at <= now]
        told: list[Crossing] = []
        for signals, ids_by_asset in _kinds(infos).items():
            own = [failure for failure in known if failure.asset in ids_by_asset]
            if len(own) < self.fewest:
                continue
            spans = list(_spans(ids_by_asset, first_ns, own, now_ns))
            told += self._of_kind(signals, ids_by_asset, spans, infos, now_ns)
        return told

    def _of_kind(
        self,
        signals: tuple[str, ...],
        ids_by_asset: Mapping[str, IntArray],
        spans: Sequence[_Span],
        infos: Sequence[SeriesInfo],
        now_ns: int,
    ) -> list[Crossing]:
        finest = max(info.step_ns for info in infos if info.key.asset in ids_by_asset)
        oldest = max(span.end - span.start for span in spans)
        step_ns = history_step(oldest, finest)
        count, model = self._models.get(signals, (0, None))
        failed = [span for span in spans if span.failed]
        if model is None or len(failed) >= _GROWN * count:
            lives = self._lives(signals, ids_by_asset, failed, step_ns)
            if len(lives) < self.fewest:
                return []
            if says_no_more_than_age(lives):
                lives = self._lives(signals, ids_by_asset, spans, step_ns)
            # Those that failed first are not those that grow old: age tells once most have.
            model = fit_life(lives, aged=2 * len(failed) >= len(spans))
            self._models[signals] = (len(failed), model)
        alive = [span for span in spans if not span.failed]
        lives = self._lives(signals, ids_by_asset, alive, step_ns)
        if not len(lives):
            return []
        origin = _EPOCH + timedelta(microseconds=now_ns // 1000)
        typical = float(np.median([span.end - span.start for span in failed])) / _HOUR_NS
        longest = max(self.horizon / timedelta(hours=1), typical / _SHARE)
        return [
            self._crossing(life, origin, longest, model.version) for life in model.predict(lives)
        ]

    def _lives(
        self,
        signals: tuple[str, ...],
        ids_by_asset: Mapping[str, IntArray],
        spans: Sequence[_Span],
        step_ns: int,
    ) -> Lives:
        """Reads histories; a row is a cell in which at least half of the signals spoke."""
        names: list[str] = []
        living: list[bool] = []
        times: list[FloatArray] = []
        values: list[FloatArray] = []
        step = timedelta(microseconds=step_ns // 1000)
        for span in spans:
            start = span.start // step_ns * step_ns
            end = window_end(span.end, step_ns, 0) + (step_ns if span.failed else 0)
            panel = self.read(ids_by_asset[span.asset], start, end, step)
            held = np.where(panel.usable, panel.values, np.nan).T
            spoke = np.isfinite(held).mean(axis=1) >= 0.5
            if spoke.sum() < _FEWEST_ROWS:
                continue
            names.append(span.asset)
            living.append(not span.failed)
            times.append((panel.times[spoke] - span.start) / _HOUR_NS)
            values.append(held[spoke])
        cuts = np.cumsum([0, *(len(time) for time in times)]).astype(np.int64)
        width = len(signals)
        return Lives(
            tuple(names),
            cuts,
            np.concatenate([np.empty(0), *times]),
            np.concatenate([np.empty((0, width)), *values]),
            signals,
            np.array(living, dtype=bool),
        )

    def _crossing(self, life: Life, origin: datetime, longest: float, version: str) -> Crossing:
        """Returns the life as a crossing; that it ends is certain, so its range is its own.

        Args:
            longest: Hours beyond which no end is told: a range that wide would say nothing.
        """
        left = np.array([life.p10, life.p50, life.p90])
        hours = self.horizon / timedelta(hours=1)
        probability = chance_within(left, hours)
        early, likely, late = np.minimum(left, longest).tolist()
        return Crossing(
            SeriesKey(life.asset, REMAINING_LIFE),
            origin,
            self.horizon,
            0.0,
            Direction.DOWN,
            probability=probability,
            early=origin + timedelta(hours=early),
            likely=origin + timedelta(hours=likely),
            late=origin + timedelta(hours=late),
            method=version,
            value=life.p50,
            growth=-1.0 / 3600,
        )


def chance_within(left: FloatArray, hours: float) -> float:
    """Returns the probability that a life ends within some hours, from its three quantiles.

    Between and beyond the quantiles the normal score is a straight line.

    >>> round(chance_within(np.array([10.0, 20.0, 40.0]), 20.0), 3)
    0.5
    """
    left = np.maximum.accumulate(left + np.array([0.0, 1e-6, 2e-6]))
    low, middle, high = left.tolist()
    if hours < middle:
        score = _Z[0] * (middle - hours) / (middle - low)
    else:
        score = _Z[2] * (hours - middle) / (high - middle)
    return min(max(NormalDist().cdf(float(score)), 0.01), 0.99)


def _kinds(infos: Sequence[SeriesInfo]) -> dict[tuple[str, ...], dict[str, IntArray]]:
    """Groups assets by their signals; ids in the order of the signals."""
    by_asset: dict[str, list[tuple[str, int]]] = {}
    for info in infos:
        by_asset.setdefault(info.key.asset, []).append((info.key.signal, info.id))
    kinds: dict[tuple[str, ...], dict[str, IntArray]] = {}
    for asset, held in by_asset.items():
        held.sort()
        signals = tuple(signal for signal, _ in held)
        kinds.setdefault(signals, {})[asset] = np.array([i for _, i in held], dtype=np.int64)
    return kinds


def _spans(
    ids_by_asset: Mapping[str, IntArray],
    first_ns: Mapping[int, int],
    failures: Sequence[Failure],
    now_ns: int,
) -> Iterator[_Span]:
    """Cuts each asset's time at its failures; the last piece is alive."""
    ends_by_asset: dict[str, list[int]] = {}
    for failure in failures:
        ends_by_asset.setdefault(failure.asset, []).append(_ns(failure.at))
    for asset, ids in sorted(ids_by_asset.items()):
        seen = [first_ns[i] for i in ids.tolist() if first_ns.get(i, 0)]
        start = min(seen, default=now_ns)
        for end in sorted(ends_by_asset.get(asset, ())):
            if end > start:
                yield _Span(asset, start, end, failed=True)
                start = end + 1
        if now_ns > start:
            yield _Span(asset, start, now_ns, failed=False)


def _ns(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000
