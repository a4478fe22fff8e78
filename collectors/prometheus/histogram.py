"""Histograms that cannot be right: no ``+Inf`` bucket, or counts that fall along it."""

import math
from collections import defaultdict

from collectors.prometheus.exposition import Exposition, Identity
from collectors.prometheus.plan import family

_Group = tuple[str, tuple[tuple[str, str], ...]]


def broken_histograms(identities: list[Identity], found: Exposition) -> set[int]:
    """Returns positions of the samples that belong to a histogram that is broken."""
    if "histogram" not in found.types.values():
        return set()
    members: dict[_Group, list[int]] = defaultdict(list)
    buckets: dict[_Group, list[tuple[float, float]]] = defaultdict(list)
    for position, series in enumerate(found.ids):
        identity = identities[series]
        base = family(identity.name, found.types)
        if base == identity.name or found.types.get(base) != "histogram":
            continue
        others = tuple(pair for pair in identity.labels if pair[0] != "le")
        members[base, others].append(position)
        if identity.name.endswith("_bucket"):
            bound = _bound(dict(identity.labels).get("le", ""))
            buckets[base, others].append((bound, found.values[position]))
    return {
        position
        for group, positions in members.items()
        if not _is_whole(sorted(buckets[group]))
        for position in positions
    }


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -math.inf


def _is_whole(buckets: list[tuple[float, float]]) -> bool:
    if not buckets or buckets[-1][0] != math.inf or buckets[0][0] == -math.inf:
        return False
    counts = [count for _, count in buckets]
    return counts == sorted(counts)
