"""Which entity an incident of alerts started from.

An entity is suspect when what it shows is *unusual for it*: signals that seldom or never stood in
earlier incidents of this entity, or of any. Frequencies are shrunk from the pair to the signal to
this incident alone, so that the first incident has an answer too. A group (a service over its
instances, a host under its guests) is the suspect when its members show it together, a member
when it stands alone.

Source: Sparck Jones, "A statistical interpretation of term specificity", 1972 (rarity);
Laplace-like shrinkage as in Zhai, Lafferty, "A study of smoothing methods", 2001.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.contracts.cause import Cause
from aiops.contracts.correlator import Alerts
from aiops.domain.series import IntArray
from aiops.incident.neighbours import Neighbours

DOUBT: Final = 2.0
"""Incidents' worth of belief in a signal's general frequency against the entity's own."""
TOGETHER: Final = 1.25
"""How much more a group explains than its strongest member when all members show it."""
EARLY: Final = 0.25
"""Weight of having alerted first against unusualness."""
MOST_CAUSES: Final = 20


@dataclass(slots=True)
class _Past:
    """What earlier incidents showed."""

    incidents: int = 0
    pairs: Counter[tuple[int, int]] = field(default_factory=Counter)
    signals: Counter[int] = field(default_factory=Counter)
    entities: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Sight:
    """What one entity showed in an incident."""

    first: float
    surprise: float
    signal: int
    seen_before: int
    count: int
    rated: dict[int, float]


def rank_suspects(
    alerts: Alerts, incident: IntArray, near: Neighbours, signal_names: tuple[str, ...]
) -> list[list[Cause]]:
    """Returns the causes of each incident, best first; only earlier incidents are used.

    Args:
        incident: ``(n,)`` numbers 0 … by first alert.
        signal_names: Words for the reason.
    """
    order = np.lexsort((alerts.times, incident))
    bounds = np.flatnonzero(np.diff(incident[order])) + 1
    past = _Past()
    known: dict[int, tuple[int, ...]] = {}
    found = []
    for rows in np.split(order, bounds) if len(order) else []:
        shown = _gather(alerts, rows)
        sights = _look(shown, past)
        found.append(_judge(sights, near, signal_names, past, known))
        _remember(shown, past)
    return found


def _gather(alerts: Alerts, rows: IntArray) -> dict[int, dict[int, int]]:
    """Returns entity to its signals and their first time after the incident's first alert."""
    shown: dict[int, dict[int, int]] = {}
    start = int(alerts.times[rows[0]])
    columns = (alerts.times[rows], alerts.entities[rows], alerts.signals[rows])
    for t, entity, signal in zip(*(column.tolist() for column in columns), strict=True):
        shown.setdefault(entity, {}).setdefault(signal, t - start)
    return shown


def _look(shown: dict[int, dict[int, int]], past: _Past) -> dict[int, _Sight]:
    now = Counter(signal for signals in shown.values() for signal in signals)
    known = len(past.entities) + sum(entity not in past.entities for entity in shown)
    chances = past.incidents * known + len(shown) + 1
    sights = {}
    for entity, signals in shown.items():
        rated = []
        for signal in signals:
            general = (past.signals[signal] + now[signal]) / chances
            pair = past.pairs[entity, signal]
            share = (pair + DOUBT * general) / (past.incidents + DOUBT)
            rated.append((-float(np.log(share)), signal, pair))
        rated.sort(key=lambda row: (-row[0], row[1]))
        _, signal, pair = rated[0]
        by_signal = {row[1]: row[0] for row in rated}
        total = _add_up(by_signal.values())
        sights[entity] = _Sight(min(signals.values()), total, signal, pair, len(rated), by_signal)
    return sights


def _add_up(surprises: Iterable[float]) -> float:
    """The second signal adds a quarter, the third a ninth: signals of one thing go together."""
    return sum(s / (i + 1) ** 2 for i, s in enumerate(sorted(surprises, reverse=True)))


def _share(members: tuple[int, ...], sights: dict[int, _Sight], past: _Past) -> float:
    """Returns what the members of a group show together.

    A signal counts with its mean over the members that can show it: that ever did, or do now.
    """
    means = []
    for signal in {s for member in members if member in sights for s in sights[member].rated}:
        shown = [
            sights[m].rated[signal] for m in members if m in sights and signal in sights[m].rated
        ]
        able = sum(
            past.pairs[m, signal] > 0 or (m in sights and signal in sights[m].rated)
            for m in members
        )
        if len(shown) > 1:
            means.append(sum(shown) / able)
    return _add_up(means)


def _remember(shown: dict[int, dict[int, int]], past: _Past) -> None:
    past.incidents += 1
    past.entities |= shown.keys()
    for entity, signals in shown.items():
        for signal in signals:
            past.pairs[entity, signal] += 1
            past.signals[signal] += 1


def _judge(
    sights: dict[int, _Sight],
    near: Neighbours,
    signal_names: tuple[str, ...],
    past: _Past,
    known: dict[int, tuple[int, ...]],
) -> list[Cause]:
    strength = {entity: sight.surprise for entity, sight in sights.items()}
    rank = {e: i for i, e in enumerate(sorted(sights, key=lambda e: (sights[e].first, e)))}
    for entity in strength:
        strength[entity] *= 1 + EARLY * (1 - rank[entity] / len(rank))
    groups = _groups(sights, near, known)
    score = dict(strength)
    for group, members in groups.items():
        score[group] = strength.get(group, 0.0) + TOGETHER * _share(members, sights, past)
    best = sorted(score, key=lambda e: (-score[e], e))[:MOST_CAUSES]
    return [
        Cause(
            e, score[e], _reason(e, sights, groups.get(e, ()), signal_names, past.incidents, rank)
        )
        for e in best
    ]


def _groups(
    sights: dict[int, _Sight], near: Neighbours, known: dict[int, tuple[int, ...]]
) -> dict[int, tuple[int, ...]]:
    """Returns the groups of which two alert at least, with all their members."""
    count = Counter(
        group for entity in sights for group in (*near.needed_by[entity], *near.needs[entity])
    )
    found = {}
    for group, alerting in count.items():
        if alerting > 1:
            if group not in known:
                known[group] = _members(group, near)
            if len(known[group]) > 1:
                found[group] = known[group]
    return found


def _members(group: int, near: Neighbours) -> tuple[int, ...]:
    """Returns what belongs to this group alone: its instances, or the guests it carries."""
    parts = [e for e in near.needs[group] if len(near.needed_by[e]) == 1]
    guests = [e for e in near.needed_by[group] if len(near.needs[e]) == 1]
    return tuple(parts if len(parts) > 1 else guests)


def _reason(
    entity: int,
    sights: dict[int, _Sight],
    members: tuple[int, ...],
    signal_names: tuple[str, ...],
    incidents: int,
    rank: dict[int, int],
) -> str:
    hit = [member for member in members if member in sights]
    said = []
    if entity in sights:
        sight = sights[entity]
        before = f", seen there in {sight.seen_before} of {incidents} earlier incidents"
        said.append(f"shows {signal_names[sight.signal]}{before if incidents else ''}")
        if len(rank) > 1:
            said.append(f"alerted as number {rank[entity] + 1} of {len(rank)}")
        if sight.count > 1:
            said.append(f"{sight.count} signals")
    if hit:
        said.append(f"{len(hit)} of its {len(members)} members alert")
    return "; ".join(said)
