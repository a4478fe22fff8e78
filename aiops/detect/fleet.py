"""Detection of a fleet: one state per step class, advanced only when its round committed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import numpy as np

from aiops.contracts.ledger import Ledger
from aiops.detect import joint, rebase
from aiops.detect.assets import Assets
from aiops.detect.checkpoint import Kept, load_checkpoint, save_checkpoint
from aiops.detect.days_off import work_calendar
from aiops.detect.decide import Event
from aiops.detect.marks import mark_maintenance
from aiops.detect.peers import siblings
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import StageScores
from aiops.detect.terms import Terms
from aiops.detect.verdicts import Verdicts, given
from aiops.detect.windows import MOST_CELLS, Due, due_windows, shard_name
from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import SYSTEM
from aiops.domain.event import Holiday, Maintenance
from aiops.domain.instant import duration, duration_ns, from_ns, to_ns
from aiops.domain.panel import Panel
from aiops.domain.series import IntArray, SeriesInfo
from aiops.domain.state import State


class Stage(Protocol):
    """Score, calibrate, decide, de-duplicate."""

    @property
    def version(self) -> str:
        """Of the detector and of the stage."""
        ...

    @property
    def compares(self) -> bool:
        """Whether panels must say which series are siblings."""
        ...

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        ...

    def score(
        self, state: State, panel: Panel, terms: Terms | None = None
    ) -> tuple[State, StageScores]:
        """Returns the state after the panel, scores, and events that opened, changed or ended."""
        ...

    def restart(self, state: State, rows: IntArray, at: int) -> tuple[State, Sequence[Event]]:
        """Returns the state with fresh rows, and the events of theirs that end with it."""
        ...

    @property
    def heeds(self) -> bool:
        """Whether verdicts of people count."""
        ...

    def heed(self, state: State, verdicts: Verdicts) -> State:
        """Returns the state after what people said of events."""
        ...


class Watched(Protocol):
    """What is known of the fleet."""

    @property
    def first_ns(self) -> Mapping[int, int]:
        """Series id to the time of its first sample."""
        ...

    def series_by_step(self) -> Mapping[int, Sequence[SeriesInfo]]:
        """Every series by step class."""
        ...

    def zones(self, infos: Sequence[SeriesInfo]) -> list[str]:
        """Time zone of each series' asset."""
        ...

    def sites(self, infos: Sequence[SeriesInfo]) -> list[str]:
        """Site of each series' asset."""
        ...


@dataclass(slots=True)
class _Shard:
    ids: IntArray
    state: State
    assets: Assets
    end: int | None


@dataclass(slots=True)
class DetectFleet:
    """Keeps the states; pure stages do the work.

    Attributes:
        read_panel: Panels by series id, counters as rates, bad cells marked.
        terms_of: What each series is judged by; None where all are judged alike.
        rebased: Asset to when its past was forgotten.
    """

    ledger: Ledger
    stage: Stage
    settings: DetectSettings
    cadence_ns: Callable[[int], int]
    read_panel: Callable[[IntArray, int, int, timedelta], Panel]
    terms_of: Callable[[Sequence[SeriesInfo]], Terms] | None = None
    maintenance: dict[str, list[Maintenance]] = field(default_factory=dict)
    holidays: Sequence[Holiday] = ()
    rebased: dict[str, rebase.Rebase] = field(default_factory=dict)
    _shards: dict[int, _Shard] = field(default_factory=dict)
    _pending: dict[int, _Shard] = field(default_factory=dict)
    _saved: dict[int, int] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Of the stage and of the joint score: another one starts anew."""
        return f"{self.stage.version}+{joint.VERSION}"

    def due(self, now_ns: int, fleet: Watched) -> list[Due]:
        """Returns the windows to run now, oldest decision first."""
        by_step = fleet.series_by_step()
        return due_windows(
            now_ns,
            by_step,
            {step: self._last_end(step) for step in by_step},
            {
                step: min((fleet.first_ns.get(i.id, now_ns) for i in infos), default=now_ns)
                for step, infos in by_step.items()
            },
            {step: self.cadence_ns(step) for step in by_step},
            self.settings.lateness,
            self.settings.catch_up,
        )

    def read(self, due: Due, fleet: Watched) -> Panel:
        """Returns the window's panel with quality, maintenance and calendar on it."""
        ids = np.array([info.id for info in due.infos], dtype=np.int64)
        panel = self.read_panel(ids, due.start, due.end, duration(due.step_ns))
        panel = mark_maintenance(panel, due.infos, self.maintenance)
        calendar = work_calendar(
            panel.times,
            fleet.zones(due.infos),
            fleet.sites(due.infos),
            self.settings.countries,
            self.holidays,
        )
        groups = siblings(due.infos) if self.stage.compares else None
        return replace(panel, calendar=calendar, groups=groups)

    def update(self, due: Due, panel: Panel) -> list[Anomaly]:
        """Scores the window; the states after it wait for :meth:`commit`."""
        shard = self._grown(due.step_ns, panel.series, due.infos)
        self._pending[due.step_ns], found = self._advance(shard, due, panel)
        return found

    def commit(self, due: Due) -> None:
        """Takes the states after a window whose transaction has committed."""
        self._shards[due.step_ns] = self._pending.pop(due.step_ns)

    def rebase(
        self, assets: Iterable[str], now: datetime, reason: str, fence: int | None = None
    ) -> None:
        """Forgets what the assets did before ``now``: a repair, or a new normal was accepted.

        Their events end and their series are learnt anew from the first cell that begins at
        ``now`` or later and has not been analysed yet.
        """
        ends = [self._last_end(step) or 0 for step in self._shards]
        at = max([to_ns(now), *ends])
        long_ago = at - 2 * duration_ns(self.settings.catch_up)
        rebased = rebase.later(self.rebased, assets, rebase.Rebase(at, reason), long_ago)
        with self.ledger.begin(fence) as tx:
            rebase.put(tx, rebased)
        self.rebased = rebased

    def save(self, directory: Path) -> None:
        """Saves every state whose window has moved since it was saved last.

        Raises:
            StoreError: One could not be written; the states before it stay.
        """
        for step, shard in list(self._shards.items()):
            if shard.end is not None and self._saved.get(step) != shard.end:
                name = shard_name(step)
                state = State(self.version, shard.state.arrays)
                kept = Kept(shard.ids, state, shard.assets.state.arrays)
                save_checkpoint(self.ledger, directory, "detect", name, shard.end, kept)
                self._saved[step] = shard.end

    def load(self, fleet: Watched) -> None:
        """Takes up the newest states, own or saved, and replays the windows since.

        Scores are discarded. Own states are behind when another daemon has led meanwhile.
        """
        self.rebased = rebase.read(self.ledger.note(rebase.REBASED))
        for step in fleet.series_by_step():
            name = shard_name(step)
            newest = self.ledger.newest_window(name, "detect")
            if newest is None:
                continue
            own = self._shards.get(step)
            saved = load_checkpoint(self.ledger, "detect", self.version, name)
            at = -1 if saved is None else saved[1]
            shard = None
            if own is not None and own.end is not None and at <= own.end:
                shard, at = own, own.end
            elif saved is not None:
                kept = saved[0]
                state = State(self.stage.version, kept.state.arrays)
                shard = _Shard(kept.ids, state, Assets.of(kept.beside), at)
            if shard is None:
                continue
            infos = tuple(self.ledger.catalogue.info(shard.ids))
            shard.assets = shard.assets.grown(infos)
            self._saved[step] = at
            while at < newest:
                end = min(newest, at + MOST_CELLS * step)
                missed = Due(step, infos, at, end, end, forecast=False)
                shard, _ = self._advance(shard, missed, self.read(missed, fleet))
                at = end
            self._shards[step] = shard

    def _advance(self, shard: _Shard, due: Due, panel: Panel) -> tuple[_Shard, list[Anomaly]]:
        """Returns the shard after the panel; rows begin anew where their asset was rebased."""
        since = due.start if shard.end is None else shard.end
        state, assets, found = shard.state, shard.assets, list[Anomaly]()
        begin = 0
        terms = self._terms(due.infos)
        state = self._heeded(state, due, since)
        turns = rebase.rows_by_time(due.infos, self.rebased, since, due.end)
        for at, rows in [*turns.items(), (None, None)]:
            cut = len(panel.times) if at is None else int(np.searchsorted(panel.times, at))
            if cut > begin or at is None:
                part = panel.columns(begin, cut)
                state, scores = self.stage.score(state, part, terms)
                assets, together = assets.update(part, scores, terms.budget)
                found += [self._anomaly(event, due) for event in scores.events]
                found += [assets.anomaly(event, due.infos) for event in together]
                begin = cut
            if at is not None and rows is not None:
                state, events = self.stage.restart(state, rows, at)
                gone = {due.infos[row].key.asset for row in rows.tolist()}
                units = [unit for unit, name in enumerate(assets.names) if name in gone]
                assets, together = assets.restarted(np.array(units, dtype=np.int64), at)
                found += [self._anomaly(event, due) for event in events]
                found += [assets.anomaly(event, due.infos) for event in together]
        return _Shard(shard.ids, state, assets, due.end), found

    def _heeded(self, state: State, due: Due, since: int) -> State:
        """Returns the state after the verdicts of the window: a replay finds them in the same."""
        if not self.stage.heeds:
            return state
        known = self.ledger.incidents(SYSTEM)
        return self.stage.heed(
            state, given(known, due.infos, self.stage.version, from_ns(since), from_ns(due.end))
        )

    def _terms(self, infos: Sequence[SeriesInfo]) -> Terms:
        if self.terms_of is not None:
            return self.terms_of(infos)
        return Terms.same(len(infos), self.settings.budget, self.settings.minimum_effect)

    def _anomaly(self, event: Event, due: Due) -> Anomaly:
        return Anomaly(
            due.infos[event.row].key,
            from_ns(event.start),
            None if event.end is None else from_ns(event.end),
            event.score,
            event.strength,
            event.shape,
            event.direction,
            event.value,
            event.expected,
            self.stage.version,
        )

    def _last_end(self, step_ns: int) -> int | None:
        shard = self._shards.get(step_ns)
        if shard is not None and shard.end is not None:
            return shard.end
        return self.ledger.newest_window(shard_name(step_ns), "detect")

    def _grown(self, step_ns: int, ids: IntArray, infos: Sequence[SeriesInfo]) -> _Shard:
        """Returns the shard in the order of the ids, with fresh states for newcomers."""
        shard = self._shards.get(step_ns)
        if shard is None:
            return _Shard(ids, self.stage.start(len(ids)), Assets.of().grown(infos), None)
        if np.array_equal(shard.ids, ids):
            return shard
        place = {int(series): i for i, series in enumerate(shard.ids)}
        known = len(shard.ids)
        order = []
        for series in ids.tolist():
            if series not in place:
                place[series] = known
                known += 1
            order.append(place[series])
        fresh = known - len(shard.ids)
        state = State.join([shard.state, self.stage.start(fresh)]) if fresh else shard.state
        state = state.take(np.array(order, dtype=np.int64))
        return _Shard(ids, state, shard.assets.grown(infos), shard.end)
