"""One inventory of what many sources see: their keys become the keys of assets.

What a source sees is kept with the asset it counts for, so that a key stays what it is over
restarts. Samples of a merged asset carry the label ``source``: two sources may measure the same
metric, and never write into one series.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from aiops.collect.join import join_inventory, key_of, rename_series, restore_series
from aiops.collect.merge import Known, find_match
from aiops.contracts.collector import Inventory
from aiops.contracts.errors import Refused
from aiops.contracts.ledger import Ledger
from aiops.domain.asset import SYSTEM, Edge
from aiops.domain.identity import Identity, Sighting
from aiops.domain.series import Batch, SeriesKey

NOTE: Final = "sightings"
MayJoin = Callable[[str], bool]
"""Whether what an agent sees may count for the asset of that key: its token says."""


@dataclass(slots=True)
class _Source:
    """What one source told last, under the keys of assets."""

    told: Inventory
    edition: int
    renamed: Mapping[str, str]
    merged: frozenset[str]
    inventory: Inventory
    edges: tuple[Edge, ...]
    series: tuple[SeriesKey, ...] = ()
    mapped: tuple[SeriesKey, ...] = ()


@dataclass(slots=True)
class Sights:
    """What every source sees, in memory as in the ledger.

    Attributes:
        renamed: Called when series got other keys.
    """

    ledger: Ledger
    renamed: Callable[[], None] = lambda: None
    _known: Known = field(default_factory=Known)
    _sources: dict[str, _Source] = field(default_factory=dict)
    _edition: int = 0
    _noted: int = 0

    def load(self) -> None:
        """Reads the ledger anew and finishes what a person, or a crash, has left to do."""
        self._known = Known()
        self._keep(self.ledger.sightings())
        self._noted = _edition_of(self.ledger)
        self._edition += 1
        self._move([each for each in self._known.all() if each.moved_from])

    def refresh(self) -> None:
        """Takes up what people have split since."""
        if _edition_of(self.ledger) != self._noted:
            self.load()

    def place(
        self,
        source: str,
        batch: Batch,
        inventory: Inventory,
        now: datetime,
        may_join: MayJoin | None = None,
    ) -> tuple[Batch, Inventory]:
        """Returns samples and inventory under the keys of assets; the same objects if unchanged.

        Args:
            may_join: Of an agent that pushes; None for a source that we pull.
        """
        known = self._sources.get(source)
        if known is None or known.told is not inventory or known.edition != self._edition:
            known = self._look(source, inventory, now, may_join)
        if not known.renamed:
            return batch, known.inventory
        if batch.series is not known.series:
            known.series = batch.series
            known.mapped = tuple(
                rename_series(key, source, known.renamed, known.merged) for key in batch.series
            )
        return replace(batch, series=known.mapped), known.inventory

    def _look(
        self, source: str, inventory: Inventory, now: datetime, may_join: MayJoin | None
    ) -> _Source:
        known = self._sources.get(source)
        changed: list[Sighting] = []
        if known is None or known.told is not inventory:
            changed += self._note(source, inventory, now, pushed=may_join is not None)
        for sighting in list(self._known.of(source).values()):
            if sighting.identities and not sighting.of:
                changed += self._merge(sighting, may_join or _anything)
        if changed:
            with self.ledger.begin() as tx:
                tx.put_sightings({each.seen: each for each in changed}.values())
            self._move([each for each in changed if each.moved_from])
        mine = self._known.of(source).values()
        renamed = {each.seen: each.asset for each in mine if each.asset != each.seen}
        edges = tuple(self._edges(inventory, renamed))
        same = known is not None and known.told is inventory and known.renamed == renamed
        if known is None or not same or known.edges != edges:
            merged = frozenset(each.seen for each in mine if each.of)
            joined = self._joined(source, inventory, renamed) if renamed else inventory
            if edges:
                joined = replace(joined, edges=(*joined.edges, *edges))
            known = _Source(inventory, self._edition, renamed, merged, joined, edges)
            self._sources[source] = known
        known.edition = self._edition
        return known

    def _edges(self, inventory: Inventory, renamed: Mapping[str, str]) -> Iterator[Edge]:
        """Yields what hangs on what, where the neighbour is one asset and no other."""
        for link in inventory.links:
            asset = key_of(link.asset, renamed)
            places = self._known.sharing(Identity("", link.kind, link.value))
            found = {self._known.of(source)[seen].asset for source, seen in places}
            if len(found) == 1 and asset not in found:
                other = found.pop()
                yield Edge(other, asset) if link.below else Edge(asset, other)

    def _joined(self, source: str, inventory: Inventory, renamed: Mapping[str, str]) -> Inventory:
        described = {each.asset for each in self._known.all() if each.source != source}
        limited = {
            (limit.asset, limit.metric)
            for name, other in self._sources.items()
            for limit in other.inventory.limits
            if name != source
        }
        return join_inventory(inventory, renamed, described, limited)

    def _note(
        self, source: str, inventory: Inventory, now: datetime, *, pushed: bool
    ) -> list[Sighting]:
        """Takes note of what is seen for the first time, or is known by more than before."""
        known_by: dict[str, set[Identity]] = {}
        for identity in inventory.identities:
            known_by.setdefault(identity.asset, set()).add(identity)
        mine = self._known.of(source)
        renamed = {each.seen: each.asset for each in mine.values() if each.asset != each.seen}
        changed = []
        for asset in inventory.assets:
            old = mine.get(asset.key)
            new = old or Sighting(source, asset.key, key_of(asset.key, renamed), now)
            told = tuple(sorted(known_by.get(asset.key, ())))
            new = replace(
                new,
                identities=told or new.identities,  # what was not told this time still holds
                pushed=pushed,
                site=asset.site,
                owner=asset.owner,
            )
            if new != old:
                changed.append(new)
        self._keep(changed)
        if any(each.identities for each in changed):
            self._edition += 1
        return changed

    def _merge(self, sighting: Sighting, may_join: MayJoin) -> list[Sighting]:
        match = find_match(sighting, self._known, may_join)
        if match is None or not self._is_alone(sighting.asset, sighting.source):
            return []
        root = replace(
            sighting,
            asset=match.sighting.asset,
            of=(match.sighting.source, match.sighting.seen),
            because=match.because,
            moved_from=sighting.asset,
        )
        renamed = {root.seen: root.asset}
        parts = [
            replace(each, asset=key_of(each.seen, renamed))
            for each in self._known.of(root.source).values()
            if each.seen.startswith(f"{root.seen}/")
        ]
        self._keep([root, *parts])
        self._edition += 1
        return [root, *parts]

    def _move(self, sightings: Sequence[Sighting]) -> None:
        """Takes the history along: its series get the key of the asset they now count for."""
        if not sightings:
            return
        keys: dict[SeriesKey, SeriesKey] = {}
        gone: set[str] = set()
        for sighting in sightings:
            left = {sighting.moved_from: sighting.asset}
            if not sighting.of:
                keys |= self._restored(sighting)
            elif self._is_alone(sighting.moved_from, sighting.source):
                keys |= {
                    info.key: rename_series(info.key, sighting.source, left, set(left))
                    for info in self.ledger.catalogue.all()
                    if key_of(info.key.asset, left) != info.key.asset
                }
                gone |= {
                    asset.key
                    for asset in self.ledger.assets(SYSTEM)
                    if key_of(asset.key, left) != asset.key
                }
        done = [replace(each, moved_from="") for each in sightings]
        self.ledger.catalogue.rename(keys)
        with self.ledger.begin() as tx:
            tx.forget_assets(sorted(gone))
            tx.put_sightings(done)
        self._keep(done)
        self.renamed()

    def _restored(self, sighting: Sighting) -> dict[SeriesKey, SeriesKey]:
        found = {
            info.key: restore_series(info.key, sighting.source, sighting.moved_from, sighting.asset)
            for info in self.ledger.catalogue.all()
        }
        return {old: new for old, new in found.items() if new is not None}

    def _is_alone(self, asset: str, source: str) -> bool:
        """Whether nothing that another source sees counts for the asset."""
        return all(each.source == source for each in self._known.counting_for(asset))

    def _keep(self, sightings: Sequence[Sighting]) -> None:
        for sighting in sightings:
            self._known.put(sighting)


def split(sightings: Sequence[Sighting], asset: str, source: str) -> list[Sighting]:
    """Returns what changes when a source's sight of an asset becomes an asset of its own.

    Raises:
        Refused: The source does not see the asset, or has named it.
    """
    seen = [each for each in sightings if each.asset == asset]
    mine = next((each for each in seen if each.source == source), None)
    names = ", ".join(sorted(each.source for each in seen)) or "nothing"
    if mine is None:
        raise Refused(f"{source} does not see {asset}; it is seen by {names}")
    first = min(seen, key=lambda each: (bool(each.of), each.first_at))
    if mine is first:
        raise Refused(f"{asset} has its key from {source}; split another source out ({names})")
    own = mine.seen if mine.seen != asset else f"{asset}@{source}"
    apart = tuple(dict.fromkeys((*mine.apart, asset)))
    root = replace(mine, asset=own, of=(), because=(), apart=apart, moved_from=asset)
    renamed = {mine.seen: own}
    parts = [
        replace(each, asset=key_of(each.seen, renamed))
        for each in sightings
        if each.source == source and each.seen.startswith(f"{mine.seen}/")
    ]
    return [root, *parts]


def _edition_of(ledger: Ledger) -> int:
    return int(ledger.note(NOTE).get("edition", 0))


def _anything(_asset: str) -> bool:
    return True
