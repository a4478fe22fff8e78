"""Sources that push to us: each bound to its token, to its assets and to one receiver."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import Final, cast

import numpy as np
import structlog
from numpy.typing import NDArray

from aiops import plugins
from aiops.collect.inventory import AssetOverride, complete_inventory
from aiops.collect.runner import ChangeKind, SourceChange, SourceStatus
from aiops.collect.settings import SourceSettings
from aiops.collect.spacing import Spacing
from aiops.contracts.collector import Collection, Inventory
from aiops.contracts.errors import PluginError, Refused, StoreError, Unavailable
from aiops.contracts.receiver import PUSH, Push, PushAnswer, Receiver
from aiops.domain.asset import Asset, Viewer
from aiops.domain.instant import duration, duration_ns
from aiops.domain.metric import Metric
from aiops.domain.series import Batch, SeriesKey
from aiops.domain.step import MINUTE

FOREIGN: Final = "foreign_asset"
_MOST_ASSETS: Final = 50_000
_RETRY_SECONDS: Final = 5.0
_log = structlog.get_logger("push")

MayJoin = Callable[[str], bool]
DeliverPush = Callable[[str, int, Collection, Inventory, MayJoin], Mapping[str, int]]
"""Makes a batch durable: source, interval in ns, samples, inventory, and which assets of other
sources the agent may add to → reason to refused."""


@dataclass(frozen=True, slots=True)
class Agent:
    """What a token allows: one source, some assets.

    Attributes:
        assets: Patterns of asset keys; empty: those that no other source has told of.
        interval: How often it pushes a series, as declared with its token.
        scope: Teams and sites whose assets it may add to.
    """

    source: str
    assets: tuple[str, ...] = ()
    interval: timedelta | None = None
    scope: Viewer = field(default_factory=Viewer)


def is_push(source: SourceSettings) -> bool:
    """Whether a configured source pushes to us; one that cannot be loaded does not."""
    try:
        return PUSH in plugins.load("collectors", source.type).tags
    except PluginError:
        return False


def create_receiver(source: SourceSettings) -> Receiver:
    """Builds the receiver of a source.

    Raises:
        PluginError: There is no such receiver, or it lacks a library.
    """
    settings = source.settings
    if isinstance(settings, Mapping):
        settings = plugins.load("collectors", source.type).settings(**settings)
    return cast("Receiver", plugins.create("collectors", source.type, settings))


@dataclass(slots=True)
class _Source:
    settings: SourceSettings
    receiver: Receiver
    status: SourceStatus
    declared: timedelta | None
    lock: threading.Lock = field(default_factory=threading.Lock)
    spacing: Spacing = field(default_factory=Spacing)
    agent: Agent = field(default_factory=lambda: Agent(""))
    allowed: dict[str, bool] = field(default_factory=dict)
    found: Inventory | None = None
    completed: Inventory = field(default_factory=Inventory)
    series: tuple[SeriesKey, ...] = ()
    places: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    kept: tuple[SeriesKey, ...] = ()


class PushSources:
    """All agents of one daemon; knows a source from its configuration or its first push."""

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        deliver: DeliverPush,
        asset_sources: Callable[[], Mapping[str, str]],
        assets: Callable[[], Mapping[str, Asset]],
        metrics: Callable[[], Mapping[str, Metric]],
        *,
        silent_after: int = 3,
        overrides: Sequence[AssetOverride] = (),
    ) -> None:
        self._configured = {source.name: source for source in sources}
        self._deliver = deliver
        self._asset_sources = asset_sources
        self._assets = assets
        self._metrics = metrics
        self._silent_after = silent_after
        self._overrides = tuple(overrides)
        self._lock = threading.Lock()
        self._sources: dict[tuple[str, str], _Source] = {}

    def receive(self, kind: str, agent: Agent, push: Push) -> PushAnswer:
        """Takes one request of an agent; returns only when its samples are durable.

        Raises:
            Refused: The source is configured otherwise, or paused.
            Unavailable: Not durable now; the agent must send it again.
        """
        source = self._source(kind, agent, push.now)
        with source.lock:
            if source.agent != agent:
                source.agent, source.allowed, source.series = agent, {}, ()
            return source.receiver.receive(push, _Bound(self, source, push.now))

    def statuses(self) -> tuple[SourceStatus, ...]:
        """Returns what is to be shown of every agent heard of."""
        with self._lock:
            return tuple(source.status for source in self._sources.values())

    def tick(self, now: datetime) -> tuple[SourceChange, ...]:
        """Returns agents that fell silent or came back since the last tick."""
        with self._lock:
            found = (self._silence(source, now) for source in self._sources.values())
            return tuple(change for change in found if change is not None)

    def _silence(self, source: _Source, now: datetime) -> SourceChange | None:
        status = source.status
        heard = status.last_success or status.started_at
        expected = source.declared or duration(source.spacing.interval_ns or MINUTE)
        silent = now - heard > self._silent_after * max(expected, timedelta(seconds=15))
        if silent == (status.silent_since is not None):
            return None
        source.status = replace(status, silent_since=now if silent else None)
        if silent:
            detail = f"nothing pushed since {heard.isoformat()}"
            return SourceChange(now, status.name, ChangeKind.SILENT, detail)
        since = status.silent_since or now
        return SourceChange(now, status.name, ChangeKind.BACK, f"data again after {now - since}")

    def _source(self, kind: str, agent: Agent, now: datetime) -> _Source:
        name = agent.source
        configured = self._configured.get(name)
        if configured is not None and configured.type != kind:
            raise Refused(
                f"the source {name!r} is configured as {configured.type}, not as {kind}; "
                "make a token for another source"
            )
        if configured is not None and not configured.enabled:
            raise Refused(f"the source {name!r} is paused (enabled: false)")
        with self._lock:
            source = self._sources.get((name, kind))
            if source is None:
                settings = configured or SourceSettings(name=name, type=kind)
                declared = configured.interval if configured else agent.interval
                status = SourceStatus(name, kind, now)
                source = _Source(settings, create_receiver(settings), status, declared)
                self._sources[name, kind] = source
            return source

    def take(
        self, source: _Source, batch: Batch, found: Inventory, now: datetime
    ) -> Mapping[str, int]:
        """Lets in what the token allows and makes it durable.

        Raises:
            Unavailable: It is not durable.
        """
        batch, foreign = self._only_own(source, batch)
        if found is not source.found or not source.kept:
            source.completed = self._complete(source, found)
            source.found = found
        learned = source.spacing.note(batch)
        interval = duration_ns(source.declared) if source.declared else learned
        collection = Collection(batch)
        try:
            refused = self._deliver(
                source.settings.name,
                interval or MINUTE,
                collection,
                source.completed,
                partial(self._may_join, source.agent),
            )
        except StoreError as error:
            raise Unavailable(f"not stored: {error}", _RETRY_SECONDS) from error
        dropped = dict(refused)
        if foreign:
            dropped[FOREIGN] = dropped.get(FOREIGN, 0) + foreign
        self._note(source, batch, dropped, now)
        return dropped

    def _may_join(self, agent: Agent, asset: str) -> bool:
        """Whether the token names the asset, or the team or site that it belongs to."""
        if any(fnmatchcase(asset, pattern) for pattern in agent.assets):
            return True
        found = self._assets().get(asset)
        return found is not None and not agent.scope.everything and agent.scope.may_see(found)

    def _note(
        self, source: _Source, batch: Batch, dropped: Mapping[str, int], now: datetime
    ) -> None:
        with self._lock:
            old = source.status
            total = dict(old.dropped or {})
            for reason, count in dropped.items():
                total[reason] = total.get(reason, 0) + count
            if dropped.get(FOREIGN) and not (old.dropped or {}).get(FOREIGN):
                _log.warning("agent pushes foreign assets", source=old.name)
            source.status = replace(
                old,
                last_success=now,
                last_attempt=now,
                samples=len(batch),
                series=len(batch.series),
                runs=old.runs + 1,
                dropped=total,
            )

    def _only_own(self, source: _Source, batch: Batch) -> tuple[Batch, int]:
        """Drops samples of assets that the token does not cover; returns how many."""
        if batch.series is not source.series:
            self._place(source, batch.series)
        if len(source.kept) == len(batch.series):
            return batch, 0
        rows = source.places[batch.rows]
        mine = rows >= 0
        own = Batch(source.kept, rows[mine], batch.times[mine], batch.values[mine])
        return own, int(len(batch) - mine.sum())

    def _place(self, source: _Source, series: tuple[SeriesKey, ...]) -> None:
        if len(source.allowed) > _MOST_ASSETS:
            source.allowed = {}
        allowed, agent = source.allowed, source.agent
        fresh = {key.asset for key in series} - allowed.keys()
        if fresh:
            told_by = {} if agent.assets else self._asset_sources()
            for asset in fresh:
                allowed[asset] = _may_push(asset, agent, told_by)
        own = np.array([allowed[key.asset] for key in series], dtype=np.bool_)
        kept = series if own.all() else tuple(k for k, ok in zip(series, own, strict=True) if ok)
        source.series = series
        source.kept = source.kept if kept == source.kept else kept
        source.places = np.where(own, np.cumsum(own) - 1, -1).astype(np.int32)

    def _complete(self, source: _Source, found: Inventory) -> Inventory:
        """Returns what the agent may tell: of its own assets, and of metrics new to us."""
        known = self._metrics()
        allowed = source.allowed
        own = replace(
            found,
            assets=tuple(asset for asset in found.assets if allowed.get(asset.key)),
            metrics=tuple(metric for metric in found.metrics if metric.name not in known),
            limits=tuple(limit for limit in found.limits if allowed.get(limit.asset)),
            edges=tuple(edge for edge in found.edges if allowed.get(edge.source)),
            identities=tuple(each for each in found.identities if allowed.get(each.asset)),
            links=(),  # an agent speaks for its own assets, not for their neighbours
        )
        return complete_inventory(own, source.settings, self._overrides)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A sink into which one source's samples go, whatever source a receiver names."""

    sources: PushSources
    bound: _Source
    now: datetime

    def accept(self, batch: Batch, inventory: Inventory, source: str) -> Mapping[str, int]:
        del source
        return self.sources.take(self.bound, batch, inventory, self.now)


def _may_push(asset: str, agent: Agent, told_by: Mapping[str, str]) -> bool:
    if agent.assets:
        return any(fnmatchcase(asset, pattern) for pattern in agent.assets)
    # A part belongs to whom its whole belongs.
    whole = asset.partition("/")[0]
    return all(told_by.get(key, agent.source) == agent.source for key in (asset, whole))
