"""History that is brought in at once, so that a new user has no cold start.

It goes to the store past the gate, whose limit on lateness is for live data, and past every
decision: detectors learn from it and their scores are thrown away, no incident is opened.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from aiops import plugins
from aiops.assemble import assemble
from aiops.collect.inventory import complete_inventory
from aiops.collect.runner import create_collector
from aiops.collect.settings import SourceSettings
from aiops.collect.spacing import Spacing
from aiops.config import Settings
from aiops.contracts.collector import RECORDED, Cursor, Inventory
from aiops.contracts.errors import InputError
from aiops.contracts.ledger import Window
from aiops.daemon.files import DataDirectory
from aiops.domain.instant import duration_ns, to_ns
from aiops.domain.series import Batch, Samples
from aiops.ledger.open import open_ledger
from aiops.store.open import open_store
from aiops.store.panels import LivePanels

_HOUR: Final = 3600 * 10**9
# Detectors' longest memory of their own; what is older only costs time.
_LEARN_FROM: Final = timedelta(days=14)
_DEADLINE: Final = timedelta(seconds=60)
_AHEAD: Final = timedelta(minutes=10)
_MOST_TOLD: Final = 20

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the history; stored as a whole, then its cursor is remembered.

    Attributes:
        share: Of the whole, 0 to 1, after this piece.
    """

    batch: Batch
    inventory: Inventory
    interval_ns: int
    cursor: Cursor
    share: float


@dataclass(frozen=True, slots=True)
class Imported:
    """What was brought in.

    Attributes:
        refused: Reason to count of samples that were left out.
        learned: Windows that detectors have learned from.
    """

    samples: int
    series: int
    refused: Mapping[str, int]
    learned: int


def pieces_of(
    batch: Batch,
    inventory: Inventory,
    interval_ns: int,
    cursor: Cursor,
    mark: str,
    size: int = 500_000,
) -> Iterator[Piece]:
    """Cuts a batch in the order of time; pieces before the cursor's are passed over.

    Args:
        mark: Names this very batch; a cursor of another one starts at the beginning.
    """
    order = np.argsort(batch.times, kind="stable")
    done = int(cursor.get("done", "0")) if cursor.get("mark") == mark else 0
    for start in range(done * size, len(batch), size):
        mine = order[start : start + size]
        part = Batch(batch.series, batch.rows[mine], batch.times[mine], batch.values[mine])
        told = {"mark": mark, "done": str(start // size + 1)}
        yield Piece(part, inventory, interval_ns, told, (start + len(mine)) / len(batch))


def pieces_from(
    source: SourceSettings, since: timedelta, cursor: Cursor, now: datetime
) -> Iterator[Piece]:
    """Reads a pull source from so long ago until now, piece by piece.

    Raises:
        InputError: The source cannot read history.
        Unreachable: It did not answer; the next run goes on from there.
    """
    plugin = plugins.load("collectors", source.type)
    asked: Any = source.settings
    if isinstance(asked, Mapping):
        asked = plugin.settings(**asked)
    if is_dataclass(asked) and "history" in {each.name for each in fields(asked)}:
        asked = replace(asked, history=since)  # type: ignore[type-var]  # checked above
    elif RECORDED not in plugin.tags:
        raise InputError([f"{source.name}: a {source.type} source has no history to read"])
    collector = create_collector(replace(source, settings=asked))
    spacing, first = Spacing(), to_ns(now - since)
    try:
        while True:
            found = collector.collect(cursor, now, _DEADLINE)
            if found.cursor == cursor:
                return
            inventory = complete_inventory(collector.discover(), source)
            interval = spacing.note(found.batch) or duration_ns(source.interval)
            newest = int(found.batch.times.max(initial=first))
            share = min(max((newest - first) / max(to_ns(now) - first, 1), 0.0), 1.0)
            yield Piece(found.batch, inventory, interval, found.cursor, share)
            cursor = found.cursor
    finally:
        collector.close()


class History:
    """The data directory, opened for an import; the daemon must not run.

    Raises:
        AiopsError: A daemon has the directory, or it cannot be opened.
    """

    def __init__(self, settings: Settings, now: datetime) -> None:
        directory = Path(settings.store.directory)
        self._now = now
        self._settings = settings
        self._files = DataDirectory(directory)
        url = settings.store.ledger_url or f"sqlite:///{directory / 'ledger.db'}"
        self._ledger = open_ledger(url, now)
        self._store = open_store(settings.store, directory)
        self._panels = LivePanels(self._store, self._ledger.catalogue, directory, settings.store)
        patient = replace(settings, detect=replace(settings.detect, catch_up=_LEARN_FROM))
        self._pipeline = assemble(patient, self._ledger, self._panels)
        self._pipeline.load()

    def cursor(self, name: str) -> Cursor:
        """Returns where an import of that name has come to."""
        return self._ledger.cursor(_key(name))

    def told_by(self, name: str, inventory: Inventory, *, into: bool) -> Inventory:
        """Returns what a bundle may tell: of an asset that another source watches, nothing.

        Args:
            into: Whether its samples may be added to such an asset.

        Raises:
            InputError: They may not, and would be.
        """
        watched = self._ledger.asset_sources()
        others = {a.key for a in inventory.assets if watched.get(a.key, name) != name}
        if others and not into:
            raise InputError(
                [
                    f"{key}: is watched by the source {watched[key]}; import it under that name, "
                    "or give --into to add this history to it"
                    for key in sorted(others)[:_MOST_TOLD]
                ]
            )
        mine = tuple(asset for asset in inventory.assets if asset.key not in others)
        limits = tuple(limit for limit in inventory.limits if limit.asset not in others)
        edges = tuple(edge for edge in inventory.edges if edge.source not in others)
        return replace(inventory, assets=mine, limits=limits, edges=edges)

    def take(self, name: str, pieces: Iterator[Piece], progress: Progress) -> Imported:
        """Stores the pieces one by one, then lets detectors learn from them."""
        refused: Counter[str] = Counter()
        samples, series, span = 0, 0, (to_ns(self._now), 0)
        fleet = self._pipeline.fleet
        for piece in pieces:
            placed, inventory = self._pipeline.sights.place(
                name, piece.batch, piece.inventory, self._now
            )
            ids = fleet.register(name, piece.interval_ns, placed.series, inventory, self._now)
            batch = self._usable(placed, refused)
            kept = Samples(ids[batch.rows], batch.times, batch.values)
            self._store.append(kept)
            fleet.note_first(kept.ids, kept.times)
            self._ledger.put_cursor(_key(name), piece.cursor)
            samples, series = samples + len(kept), max(series, len(batch.series))
            if len(kept):
                span = min(span[0], int(kept.times.min())), max(span[1], int(kept.times.max()))
            progress(piece.share)
        if samples:
            self._store.rollup(span[0] // _HOUR * _HOUR, (span[1] // _HOUR + 1) * _HOUR)
        return Imported(samples, series, dict(refused), self._learn())

    def lead_on(self, source: str) -> None:
        """Lets the daemon go on where the import of a source ended, unless it has read it before.

        Else it would read again what is there already, and count it as too old.
        """
        if not self._ledger.cursor(source):
            self._ledger.put_cursor(source, self.cursor(source))

    def close(self) -> None:
        """Gives the data directory free."""
        self._pipeline.close()
        self._panels.close()
        self._store.close()
        self._ledger.close()
        self._files.close()

    def _usable(self, batch: Batch, refused: Counter[str]) -> Batch:
        oldest = to_ns(self._now - self._settings.store.retention)
        keep = np.ones(len(batch), dtype=np.bool_)
        for reason, wrong in (
            ("non_finite", ~np.isfinite(batch.values)),
            ("future", batch.times > to_ns(self._now + _AHEAD)),
            ("beyond_retention", batch.times < oldest),
        ):
            if (wrong & keep).any():
                refused[reason] += int((wrong & keep).sum())
                keep &= ~wrong
        if keep.all():
            return batch
        return Batch(batch.series, batch.rows[keep], batch.times[keep], batch.values[keep])

    def _learn(self) -> int:
        """Shows detectors the windows nobody has analysed; what they say is thrown away."""
        detect, fleet = self._pipeline.detect, self._pipeline.fleet
        self._panels.rebuild(self._now)
        known: dict[str, bool] = {}
        learned = 0
        for due in detect.due(to_ns(self._now), fleet):
            if due.shard not in known:
                known[due.shard] = self._ledger.newest_window(due.shard, "detect") is not None
            if known[due.shard]:
                continue  # what this installation missed is the daemon's to decide
            detect.update(due, detect.read(due, fleet))
            with self._ledger.begin() as tx:
                tx.put_window(Window(due.shard, "detect", due.end))
            detect.commit(due)
            learned += 1
        if learned:
            detect.save(self._files.checkpoints)
        return learned


def _key(name: str) -> str:
    return f"import:{name}"
