"""Who stands near whom in the topology."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.contracts.correlator import Topology
from aiops.domain.series import IntArray

HUB: Final = 64
"""Neighbours above which something is a hub: sharing it (a core switch, a DNS server) links two
alerts only when the hub itself alerts. Grows with the root of the fleet."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The topology as lists.

    Attributes:
        around: Entity to its neighbours in either direction, each once, without itself.
        needs: Entity to what it depends on. ``needed_by`` is the reverse.
        component: Entity to the number of its connected part.
        hub: Entity to whether it has too many neighbours to link by.
    """

    around: list[list[int]]
    needs: list[list[int]]
    needed_by: list[list[int]]
    component: IntArray
    hub: list[bool]

    def grown(self, n: int) -> "Neighbours":
        """Returns the lists with more entities, which stand alone."""
        more = n - len(self.around)
        if not more:
            return self
        alone: list[list[int]] = [[] for _ in range(more)]
        parts = np.arange(more) + int(self.component.max(initial=-1)) + 1
        return Neighbours(
            [*self.around, *alone],
            [*self.needs, *alone],
            [*self.needed_by, *alone],
            np.concatenate([self.component, parts]),
            [*self.hub, *[False] * more],
        )


def read_neighbours(topology: Topology) -> Neighbours:
    """Returns the lists; loops on itself and repeated edges are dropped, cycles stay."""
    n = len(topology.names)
    pairs = {
        (int(s), int(t)) for s, t in zip(topology.source, topology.target, strict=True) if s != t
    }
    around: list[set[int]] = [set() for _ in range(n)]
    needs: list[list[int]] = [[] for _ in range(n)]
    needed_by: list[list[int]] = [[] for _ in range(n)]
    for source, target in sorted(pairs):
        around[source].add(target)
        around[target].add(source)
        needs[source].append(target)
        needed_by[target].append(source)
    listed = [sorted(nodes) for nodes in around]
    limit = max(HUB, int(np.sqrt(n)))
    return Neighbours(
        listed, needs, needed_by, _components(listed), [len(nodes) > limit for nodes in listed]
    )


def _components(around: list[list[int]]) -> IntArray:
    component = np.full(len(around), -1, dtype=np.int64)
    count = 0
    for start in range(len(around)):
        if component[start] >= 0:
            continue
        component[start] = count
        queue = deque([start])
        while queue:
            for node in around[queue.popleft()]:
                if component[node] < 0:
                    component[node] = count
                    queue.append(node)
        count += 1
    return component
