"""Where an incident probably started, with the evidence in words of both languages.

Suspicion falls on what is strange, early and unusual for it (:mod:`aiops.incident.suspects`), and
is carried by a walk from what depends to what is depended upon (:mod:`aiops.incident.cause`). A
silent asset whose every part is strange is a suspect too. A change or maintenance that began
shortly before adds to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from aiops.contracts.cause import Cause
from aiops.contracts.correlator import Alerts
from aiops.domain.incident import Member, MemberSource, ProbableCause
from aiops.domain.instant import to_ns
from aiops.incident.cause import EARLY, walk
from aiops.incident.nearness import Nearness
from aiops.incident.neighbours import Neighbours
from aiops.incident.quantity import format_span
from aiops.incident.suspects import rank_suspects

MOST: Final = 5
"""Causes that are kept of an incident."""
LOOKED_AT: Final = 200
"""Earlier incidents, newest first, that tell what is unusual for an asset."""
AT_LIMIT: Final = 6.0
"""Strength of a limit that is met: as of one signal alone that opens an incident."""
CHANGED: Final = 1.5
"""How much more suspect an asset is that was changed shortly before; a guess, not a measurement."""
BEFORE: Final = timedelta(hours=24)
"""A change counts as shortly before within it."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What people did to an asset: a change, maintenance or a repair.

    Attributes:
        what: ``change``, ``maintenance`` or ``repair``.
    """

    asset: str
    at: datetime
    what: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the members.

    Attributes:
        name: Asset to the name shown to people.
        signal: Member to its signal in a language.
        often: Asset to those that often fail together with it, and how many times they did.
    """

    near: Nearness
    past: Sequence[tuple[Member, ...]] = ()
    touched: Iterable[Touched] = ()
    name: Callable[[str], str] = lambda asset: asset
    signal: Callable[[Member, str], str] = lambda member, _language: member.series.signal
    often: Callable[[str], Mapping[str, int]] = lambda _asset: {}


def rank_causes(members: Sequence[Member], context: Context) -> tuple[ProbableCause, ...]:
    """Returns where an incident with these members started, likeliest first."""
    if not members:
        return ()
    place = dict(context.near.place)
    names = [*context.near.topology.names]
    for member in (m for group in (*context.past, members) for m in group):
        if member.series.asset not in place:  # nobody has told of it: it stands alone
            place[member.series.asset] = len(names)
            names.append(member.series.asset)
    near = context.near.neighbours.grown(len(names))
    suspects = _suspects([*context.past[-LOOKED_AT:], tuple(members)], place, near)
    began = min(member.since for member in members)
    touched = _touched(context.touched, began)
    strength = _strengths(members, place, suspects, near)
    alone = {cause.entity: 1.0 for cause in suspects}  # of one there is nothing to walk between
    stands = walk(strength, near) if len(suspects) > 1 else alone
    top = max(cause.score for cause in suspects)
    weight = {}
    for cause in suspects:
        asset = names[cause.entity]
        grew = CHANGED if asset in touched else 1.0
        weight[asset] = stands.get(cause.entity, 0.0) * cause.score / top * grew
    total = sum(weight.values()) or 1.0
    best = sorted(weight, key=lambda asset: (-weight[asset], asset))[:MOST]
    evidence = _Evidence(members, context, touched)
    return tuple(
        ProbableCause(
            a, weight[a] / total, {code: evidence.words(a, code) for code in ("en", "zh")}
        )
        for a in best
    )


def _suspects(
    groups: Sequence[tuple[Member, ...]], place: Mapping[str, int], near: Neighbours
) -> list[Cause]:
    """Returns the suspects of the last group, from how unusual it is beside the others."""
    rows = [(number, member) for number, group in enumerate(groups) for member in group]
    signal: dict[str, int] = {}
    for _, member in rows:
        signal.setdefault(member.series.signal, len(signal))
    alerts = Alerts(
        np.array([to_ns(member.since) for _, member in rows], np.int64),
        np.array([place[member.series.asset] for _, member in rows], np.int64),
        np.array([signal[member.series.signal] for _, member in rows], np.int64),
    )
    numbers = np.array([number for number, _ in rows], np.int64)
    return rank_suspects(alerts, numbers, near, tuple(signal))[-1]


def _strengths(
    members: Sequence[Member],
    place: Mapping[str, int],
    suspects: Sequence[Cause],
    near: Neighbours,
) -> dict[int, float]:
    """Returns how strange each suspect is, raised the earlier it began."""
    own: dict[int, float] = {}
    first: dict[int, datetime] = {}
    for member in members:
        at = place[member.series.asset]
        own[at] = max(own.get(at, 0.0), strength_of(member))
        first[at] = min(first.get(at, member.since), member.since)
    turns = sorted(set(first.values()))
    found = {
        at: strength * (1 + EARLY * (1 - turns.index(first[at]) / len(turns)))
        for at, strength in own.items()
    }
    for cause in suspects:
        if cause.entity not in found:  # silent itself: as strange as its parts are together
            parts = {*near.needed_by[cause.entity], *near.needs[cause.entity]}
            strange = [own[part] for part in parts if part in own]
            found[cause.entity] = max(strange, default=0.0) * len(strange) / max(len(parts), 1)
    return found


def strength_of(member: Member) -> float:
    """Returns how strange a member is."""
    return AT_LIMIT if member.source is MemberSource.LIMIT else member.strength


def _touched(touches: Iterable[Touched], began: datetime) -> dict[str, Touched]:
    """Returns, by asset, what was done last before the incident began."""
    found: dict[str, Touched] = {}
    for each in sorted(touches, key=lambda t: t.at):
        if began - BEFORE <= each.at <= began:
            found[each.asset] = each
    return found


class _Evidence:
    """What speaks for each suspect, in words."""

    def __init__(
        self, members: Sequence[Member], context: Context, touched: Mapping[str, Touched]
    ) -> None:
        self.members = members
        self.context = context
        self.touched = touched
        first: dict[str, datetime] = {}
        for member in members:
            asset = member.series.asset
            first[asset] = min(first.get(asset, member.since), member.since)
        self.began = min(first.values())
        self.order = {asset: i + 1 for i, asset in enumerate(sorted(first, key=first.__getitem__))}

    def words(self, asset: str, language: str) -> str:
        """Returns the evidence, the strongest first."""
        own = [m for m in self.members if m.series.asset == asset]
        said = [self._signals(own, language)] if own else []
        if own and len(self.order) > 1:
            n, of = self.order[asset], len(self.order)
            said.append(
                f"began as number {n} of {of}" if language == "en" else f"第 {n}/{of} 个开始"
            )
        above = [a for a in self._needing(asset) if a in self.order]
        if above:
            named = ", ".join(self.context.name(a) for a in above[:3])
            more = len(above)
            said.append(
                f"{more} that need it are affected ({named})"
                if language == "en"
                else f"依赖它的 {more} 个受影响（{named}）"
            )
        often = [(o, n) for o, n in self.context.often(asset).items() if o in self.order]
        if often:
            said.append(self._often(often, language))
        if not own:
            said.append("silent itself" if language == "en" else "本身无信号")
        if (touch := self.touched.get(asset)) is not None:
            said.append(self._touch(touch, language))
        return ("; " if language == "en" else "；").join(said)

    def _signals(self, own: Sequence[Member], language: str) -> str:
        ranked = sorted(own, key=lambda m: -strength_of(m))
        named = ", ".join(self.context.signal(m, language) for m in ranked[:3])
        more = len(ranked) - 3
        if more > 0:
            named += f" and {more} more" if language == "en" else f" 等 {len(ranked)} 个信号"
        return f"unusual: {named}" if language == "en" else f"异常：{named}"

    def _often(self, often: Sequence[tuple[str, int]], language: str) -> str:
        named = ", ".join(
            f"{self.context.name(other)}, {times} times"
            if language == "en"
            else f"{self.context.name(other)}，{times} 次"
            for other, times in often[:3]
        )
        return (
            f"often fails together ({named})"
            if language == "en"
            else f"经常同时出现故障（{named}）"
        )

    def _touch(self, touch: Touched, language: str) -> str:
        ago = format_span(self.began - touch.at, language)
        text = f" ({touch.text})" if touch.text else ""
        if language == "en":
            return f"{touch.what}{text} {ago} before"
        return f"{ago}前有{_TOUCHES[touch.what]}{text}"

    def _needing(self, asset: str) -> list[str]:
        near, at = self.context.near, self.context.near.place.get(asset)
        if at is None:
            return []
        return [near.topology.names[i] for i in near.neighbours.needed_by[at]]


_TOUCHES: Final = {"change": "变更", "maintenance": "维护", "repair": "维修"}
