"""Lives of a fleet: learnt from the failures reported so far, told for those still alive."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
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
from aiops.forecast.life.ages import says_no_more_than_age
from aiops.forecast.life.champion import GROWN, Champion, next_champion
from aiops.forecast.life.kinds import Kinds
from aiops.forecast.life.model import fit_life
from aiops.forecast.resolution import history_step

ReadPanel = Callable[[IntArray, int, int, timedelta], Panel]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_NS: Final = 3600 * 10**9
_FEWEST_ROWS: Final = 8
_SHARE: Final = 4
"""Ranges longer than a quarter of a typical life say nothing."""

_Z: Final = np.array([NormalDist().inv_cdf(p) for p in (0.1, 0.5, 0.9)])


@dataclass(frozen=True, slots=True)
class _Span:
    """One life of one asset: from its first sample, or the failure before, to its end.

    Attributes:
        kind: Of the failure that ended it.
    """

    asset: str
    start: int
    end: int
    failed: bool
    kind: str = ""


@dataclass(slots=True)
class LifeStage:
    """Foresees the failure of assets that look like those that failed before.

    Assets are alike when they have the same signals. Nothing is told before ``fewest`` of
    them have failed. Models are kept between calls and challenged as failures come in; a
    failure counts from its own time on.
    """

    read: ReadPanel
    horizon: timedelta = timedelta(days=7)
    fewest: int = 5
    _models: dict[tuple[str, ...], tuple[int, Champion]] = field(default_factory=dict)
    _ended: dict[tuple[str, ...], Kinds] = field(default_factory=dict)

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
        failed = sorted((span for span in spans if span.failed), key=lambda span: span.end)
        checked, champion = self._models.get(signals, (0, None))
        if champion is None or len(failed) != checked:
            champion = self._challenge(champion, signals, ids_by_asset, failed, spans, step_ns)
            if champion is None:
                return []
            self._models[signals] = (len(failed), champion)
        alive = [span for span in spans if not span.failed]
        lives, _ = self._lives(signals, ids_by_asset, alive, step_ns)
        if not len(lives):
            return []
        origin = _EPOCH + timedelta(microseconds=now_ns // 1000)
        typical = float(np.median([span.end - span.start for span in failed])) / _HOUR_NS
        longest = max(self.horizon / timedelta(hours=1), typical / _SHARE)
        told = champion.model.predict(lives)
        kinds = self._ended[signals].tell(lives)
        return [
            replace(self._crossing(life, origin, longest, champion), failure=kind)
            for life, kind in zip(told, kinds, strict=True)
        ]

    def _challenge(
        self,
        champion: Champion | None,
        signals: tuple[str, ...],
        ids_by_asset: Mapping[str, IntArray],
        failed: Sequence[_Span],
        spans: Sequence[_Span],
        step_ns: int,
    ) -> Champion | None:
        """Returns who answers now that another has failed; None where too few have."""
        lives, kept = self._lives(signals, ids_by_asset, failed, step_ns)
        if len(lives) < self.fewest:
            return champion
        # Those that failed first are not those that grow old: age tells once most have.
        aged = 2 * len(failed) >= len(spans)
        self._ended[signals] = Kinds.of(lives, [span.kind for span in kept])
        if not says_no_more_than_age(lives):
            return next_champion(champion, lives, partial(fit_life, aged=aged))
        if champion is not None and len(failed) < GROWN * champion.tried_at:
            return champion
        every, _ = self._lives(signals, ids_by_asset, spans, step_ns)
        return Champion(fit_life(every, aged=aged), len(failed), len(failed))

    def _lives(
        self,
        signals: tuple[str, ...],
        ids_by_asset: Mapping[str, IntArray],
        spans: Sequence[_Span],
        step_ns: int,
    ) -> tuple[Lives, list[_Span]]:
        """Reads histories, and tells those long enough to be one.

        A row is a cell in which at least half of the signals spoke.
        """
        kept: list[_Span] = []
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
            kept.append(span)
            names.append(span.asset)
            living.append(not span.failed)
            times.append((panel.times[spoke] - span.start) / _HOUR_NS)
            values.append(held[spoke])
        cuts = np.cumsum([0, *(len(time) for time in times)]).astype(np.int64)
        width = len(signals)
        lives = Lives(
            tuple(names),
            cuts,
            np.concatenate([np.empty(0), *times]),
            np.concatenate([np.empty((0, width)), *values]),
            signals,
            np.array(living, dtype=bool),
        )
        return lives, kept

    def _crossing(
        self, life: Life, origin: datetime, longest: float, champion: Champion
    ) -> Crossing:
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
            method=champion.model.version,
            value=life.p50,
            growth=-1.0 / 3600,
            learnt_from=champion.learnt_from,
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
    ends_by_asset: dict[str, list[tuple[int, str]]] = {}
    for failure in failures:
        ends_by_asset.setdefault(failure.asset, []).append((_ns(failure.at), failure.kind))
    for asset, ids in sorted(ids_by_asset.items()):
        seen = [first_ns[i] for i in ids.tolist() if first_ns.get(i, 0)]
        start = min(seen, default=now_ns)
        for end, kind in sorted(ends_by_asset.get(asset, ())):
            if end > start:
                yield _Span(asset, start, end, failed=True, kind=kind)
                start = end + 1
        if now_ns > start:
            yield _Span(asset, start, now_ns, failed=False)


def _ns(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000
