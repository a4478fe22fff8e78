"""How past changes went: which were followed by an incident on what they touch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any, Final

from aiops.domain.asset import Asset, Edge
from aiops.domain.change import Change
from aiops.domain.incident import Incident

AFTER: Final = timedelta(hours=24)
"""An incident this long after a change counts as having followed it."""
ENOUGH: Final = 5
"""Fewer past changes say nothing of the next one."""
_Z: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Record:
    """Past changes that are like the planned one.

    Attributes:
        basis: ``asset_and_kind``, ``asset``, ``kind`` or ``none``.
        rows: Each change with the numbers of the incidents that followed it.
        usual: Share of days on which the same assets had an incident anyway.
    """

    basis: str
    rows: tuple[tuple[Change, tuple[int, ...]], ...]
    usual: float

    @property
    def share(self) -> float | None:
        """Share that was followed by an incident; None with too few."""
        return self._bad / len(self.rows) if len(self.rows) >= ENOUGH else None

    @property
    def is_worse(self) -> bool:
        """Whether changes were followed by incidents more often than days without one are.

        Source: E. B. Wilson, JASA 22 (1927): the lower bound of the score interval.
        """
        count = len(self.rows)
        if count < ENOUGH:
            return False
        rate, square = self._bad / count, _Z * _Z
        spread = _Z * sqrt(rate * (1 - rate) / count + square / (4 * count * count))
        low = (rate + square / (2 * count) - spread) / (1 + square / count)
        return low > self.usual

    @property
    def _bad(self) -> int:
        return sum(bool(numbers) for _, numbers in self.rows)

    def plain(self) -> dict[str, Any]:
        """Returns it as plain values."""
        return {
            "basis": self.basis,
            "n": len(self.rows),
            "followed": self._bad,
            "share": self.share,
            "usual": self.usual,
            "measurable": self.share is not None,
            "changes": [
                {
                    "id": change.id,
                    "from": change.start.isoformat(),
                    "kind": change.kind,
                    "asset": change.asset or change.service,
                    "incidents": list(numbers),
                }
                for change, numbers in self.rows
            ],
        }


def record_of(
    change: Change,
    changes: Sequence[Change],
    incidents: Sequence[Incident],
    assets: Mapping[str, Asset],
    edges: Sequence[Edge],
    now: datetime,
) -> Record:
    """Returns the closest group of past changes that is large enough, else the closest at all."""
    past = [c for c in changes if c.id != change.id and c.end + AFTER <= now]
    here = [c for c in past if (c.asset, c.service) == (change.asset, change.service)]
    groups = (
        ("asset_and_kind", [c for c in here if c.kind == change.kind]),
        ("asset", here),
        ("kind", [c for c in past if c.kind == change.kind]),
    )
    basis, chosen = next(((n, g) for n, g in groups if len(g) >= ENOUGH), ("none", []))
    if not chosen:
        basis, chosen = next(((n, g) for n, g in groups if g), ("none", []))
    parts = _parts(assets, edges)
    rows = tuple((c, followed_by(c, incidents, assets, parts)) for c in chosen)
    return Record(basis, rows, _usual(chosen, incidents, assets, parts, now))


def followed_by(
    change: Change,
    incidents: Iterable[Incident],
    assets: Mapping[str, Asset],
    parts: Mapping[str, frozenset[str]],
) -> tuple[int, ...]:
    """Returns the numbers of incidents that opened in the change or the day after it."""
    own = _own(change, assets, parts)
    return tuple(
        incident.number
        for incident in incidents
        if incident.asset in own and change.start <= incident.opened_at < change.end + AFTER
    )


def _own(
    change: Change, assets: Mapping[str, Asset], parts: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    if change.asset:
        return parts.get(change.asset, frozenset()) | {change.asset}
    return frozenset(key for key, asset in assets.items() if asset.service == change.service)


def _parts(assets: Mapping[str, Asset], edges: Sequence[Edge]) -> dict[str, frozenset[str]]:
    """Returns what hangs on each asset directly: its parts and its dependents."""
    found: dict[str, set[str]] = {}
    for key, asset in assets.items():
        for target in (asset.parent, *asset.depends_on):
            found.setdefault(target, set()).add(key)
    for edge in edges:
        found.setdefault(edge.target, set()).add(edge.source)
    return {key: frozenset(value) for key, value in found.items() if key}


def _usual(
    changes: Sequence[Change],
    incidents: Sequence[Incident],
    assets: Mapping[str, Asset],
    parts: Mapping[str, frozenset[str]],
    now: datetime,
) -> float:
    """Returns the share of days since the first change on which an incident opened anyway."""
    if not changes:
        return 0.0
    own = frozenset[str]().union(*(_own(each, assets, parts) for each in changes))
    start = min(each.start for each in changes)
    busy = [(each.start, each.end + AFTER) for each in changes]
    days = max(1, (now - start) // AFTER)
    struck = {
        (i.opened_at - start) // AFTER
        for i in incidents
        if i.asset in own
        and i.opened_at >= start
        and not any(begin <= i.opened_at < end for begin, end in busy)
    }
    return len(struck) / days
