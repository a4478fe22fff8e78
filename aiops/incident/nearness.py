"""Which assets may share one problem: an asset, its neighbours, and their neighbours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from aiops.contracts.correlator import Topology
from aiops.domain.asset import Asset, Edge
from aiops.incident.neighbours import Neighbours, read_neighbours


@dataclass(slots=True)
class Nearness:
    """The topology by names; an asset that nobody has told of stands alone.

    Attributes:
        place: Asset to its number in ``neighbours``.
    """

    topology: Topology
    place: Mapping[str, int]
    neighbours: Neighbours
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, assets: Mapping[str, Asset], edges: Iterable[Edge] = ()) -> Self:
        """Reads parents, dependencies and discovered edges; cycles and unknown ends are fine."""
        pairs = [(a.key, a.parent) for a in assets.values() if a.parent]
        pairs += [(a.key, need) for a in assets.values() for need in a.depends_on]
        pairs += [(edge.source, edge.target) for edge in edges]
        names = tuple(sorted(assets.keys() | {name for pair in pairs for name in pair}))
        place = {name: i for i, name in enumerate(names)}
        ends = np.array([(place[s], place[t]) for s, t in pairs], np.int64).reshape(-1, 2)
        topology = Topology(names, ends[:, 0], ends[:, 1])
        return cls(topology, place, read_neighbours(topology))

    def reach(self, asset: str) -> tuple[str, ...]:
        """Returns the assets whose problems may be this one's, itself first.

        A hub (a core switch) links only what touches it: it is no way between its neighbours.
        """
        found = self._known.get(asset)
        if found is None:
            found = self._known[asset] = tuple(self._reach(asset))
        return found

    def _reach(self, asset: str) -> dict[str, None]:
        at = self.place.get(asset)
        if at is None:
            return {asset: None}
        near = self.neighbours
        numbers = {at: None}
        for node in near.around[at]:
            numbers[node] = None
            if not near.hub[node] and not near.hub[at]:
                numbers.update(dict.fromkeys(near.around[node]))
        names = self.topology.names
        return {names[number]: None for number in numbers}
