"""Anomalies become incidents: related ones together, seldom, and only what lasts.

An anomaly joins the open incident of its asset, or one that began on a near asset at about the
same time. What joins nothing waits. A group of waiting anomalies opens an incident when chance
would bring one as strong less often than the false-alarm budget allows, and something beside
strength speaks for it: several related assets, or most of what one asset measures. One signal
alone must be ten times rarer. Spikes alone open nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf, log10
from typing import Final

from aiops.domain.anomaly import Anomaly, Shape
from aiops.domain.decision import Reason
from aiops.domain.incident import Incident, IncidentKind, Member, MemberSource
from aiops.domain.metric import Direction
from aiops.domain.phrase import Phrase
from aiops.domain.series import SeriesKey
from aiops.incident.decided import Loose, answered_anomaly
from aiops.incident.open import open_strange
from aiops.incident.round import Round
from aiops.incident.surroundings import Surroundings

LASTS: Final = 4
"""Cells after which a deviation that stays is told from a spike, however long its echo lasts."""
ALONE: Final = 6.0
"""Least strength of one signal alone: real series pass lower ones too often. Of 137,000 cells of
recorded cloud metrics (the Numenta anomaly benchmark) 12 alerts at 6 or above lay outside what
people had marked, of clean cells it would have been a seventh of one."""
RARER: Final = 1.0
"""Tenfold rarer than the budget: what one signal alone has to be."""
MOST: Final = 0.5
"""Share of an asset's series that is most of what it measures, and three at least."""
LONGEST: Final = timedelta(days=7)
"""What lasts longer has become normal: it is waited for no longer."""


def near_incident(
    round_: Round, asset: str, since: datetime, around: Surroundings
) -> Incident | None:
    """Returns the oldest open incident that began near the asset at about that time."""
    found: dict[str, Incident] = {}
    for other in around.related(asset, round_.now):
        known = [*round_.view.around(other)]
        if (own := round_.view.own(other)) is not None:
            known.append(own)
        for incident in known:
            if incident.kind is IncidentKind.REACTIVE and any(
                at == other and abs(start - since) <= around.gap for at, start in _onsets(incident)
            ):
                found[incident.key] = incident
    return min(found.values(), key=lambda i: (i.opened_at, i.key), default=None)


def weigh_anomalies(
    round_: Round, events: Iterable[Anomaly], loose: Loose, around: Surroundings
) -> None:
    """Joins, opens and closes on what is strange; what is left waits in ``decided.loose``."""
    waiting = dict(loose)
    touched = [event.series for event in events if _note(round_, event, waiting)]
    old = round_.now - max(around.gap, LASTS * around.cell)
    for series in [s for s, a in waiting.items() if _is_over(a, old, round_.now)]:
        del waiting[series]
    touched = [s for s in touched if s in waiting and not _join(round_, waiting, s, around)]
    for group in _groups(waiting, touched, around, round_.now):
        if _judge(round_, group, around):
            for anomaly in group:
                del waiting[anomaly.series]
    for incident in round_.view.clear():
        ended = max(m.until for m in incident.members if m.until is not None)
        calm = round_.now - max(ended, incident.transitions[-1].at) >= around.gap
        if incident.is_strange and calm and round_.may_close(incident):
            round_.close(incident, Reason.ALL_CLEAR, None)
    round_.decided.loose = waiting


def excess(group: Sequence[Anomaly], around: Surroundings) -> float:
    """Returns by how many powers of ten a group is rarer than the budget asks for.

    The strongest anomaly of each asset counts: signals of one asset move together. Every
    further asset had as many chances to be strange by accident as it and its neighbours have
    cells within the gap.
    """
    telling = [anomaly for anomaly in group if _is_large(anomaly, around)]
    if around.false_per_week <= 0 or not telling:
        return -inf
    best: dict[str, float] = {}
    for anomaly in telling:
        asset = anomaly.series.asset
        best[asset] = max(best.get(asset, 0.0), anomaly.strength)
    ranked = sorted(best.values(), reverse=True)
    series = sum(around.series_of.get(asset, 1) for asset in best)
    chances = log10(max(1.0, series * 2 * (around.gap / around.cell)))
    total = ranked[0] + sum(max(0.0, strength - chances) for strength in ranked[1:])
    bar = log10(around.cells_per_week / around.false_per_week)
    if not is_corroborated(telling, around):
        bar = max(bar + RARER, ALONE)
    return total - bar


def is_corroborated(group: Sequence[Anomaly], around: Surroundings) -> bool:
    """Whether several assets are strange, or most of what one measures."""
    by_asset: dict[str, int] = {}
    for anomaly in group:
        by_asset[anomaly.series.asset] = by_asset.get(anomaly.series.asset, 0) + 1
    return len(by_asset) > 1 or any(
        count >= max(3.0, MOST * around.series_of.get(asset, count))
        for asset, count in by_asset.items()
    )


def _note(round_: Round, event: Anomaly, waiting: dict[SeriesKey, Anomaly]) -> bool:
    """Takes note of an event; returns whether it is without an incident."""
    series = event.series
    known = round_.view.lasting(series)
    if event.end is not None:
        for incident in known:
            round_.clear(incident, series, MemberSource.ANOMALY, event.end)
        if round_.streak.pop(answered_anomaly(series), 0):
            waiting.pop(series, None)
            return False
    if any(_has(incident, series) for incident in known):
        return False
    if round_.streak.get(answered_anomaly(series)):
        return False
    if round_.opening.in_maintenance(series.asset):
        round_.strange(series, Reason.IN_MAINTENANCE, Phrase("planned_window"))
        return False
    if _is_harmless(round_, event):
        return False
    if series not in waiting:
        seen = {"shape": event.shape.value, "strength": event.strength}
        round_.strange(series, Reason.NOT_SUSTAINED, Phrase("strange", seen))
    elif event.end is not None:
        over = Phrase("strange_over", {"strength": event.strength})
        round_.strange(series, Reason.ANOMALY_ONLY, over)
    waiting[series] = event
    return True


def _is_harmless(round_: Round, event: Anomaly) -> bool:
    """Whether it goes the way in which its metric gets better."""
    metric = round_.opening.metrics.get(event.series.metric)
    bad = Direction.BOTH if metric is None else metric.bad_direction
    return bad is not Direction.BOTH and event.direction is not bad


def _is_large(anomaly: Anomaly, around: Surroundings) -> bool:
    usual = abs(anomaly.expected)
    ceiling = around.ceilings.get(anomaly.series.metric, inf)
    room = abs(ceiling - anomaly.expected)
    least = around.minimum_effect * min(usual, room if room > 0 else usual)
    return not abs(anomaly.value - anomaly.expected) < least


def _is_over(anomaly: Anomaly, old: datetime, now: datetime) -> bool:
    if anomaly.end is not None:
        return anomaly.end < old
    return now - anomaly.start > LONGEST


def _join(
    round_: Round, waiting: dict[SeriesKey, Anomaly], series: SeriesKey, around: Surroundings
) -> bool:
    anomaly = waiting[series]
    own = round_.view.own(series.asset) or next(iter(round_.view.around(series.asset)), None)
    if own is None or anomaly.end is not None:
        own = near_incident(round_, series.asset, anomaly.start, around)
    if own is None:
        return False
    round_.join(own, member_of(anomaly), around)
    del waiting[series]
    return True


def _groups(
    waiting: Mapping[SeriesKey, Anomaly],
    touched: Iterable[SeriesKey],
    around: Surroundings,
    now: datetime,
) -> list[list[Anomaly]]:
    """Returns the waiting anomalies that hang together with the touched ones, rarest first."""
    by_asset: dict[str, list[Anomaly]] = {}
    for anomaly in waiting.values():
        by_asset.setdefault(anomaly.series.asset, []).append(anomaly)
    seen: set[SeriesKey] = set()
    groups = []
    for series in touched:
        if series not in waiting or series in seen:
            continue
        seen.add(series)
        group = [waiting[series]]
        for one in group:  # grows while it is read
            for asset in around.related(one.series.asset, now):
                for other in by_asset.get(asset, ()):
                    if other.series not in seen and abs(other.start - one.start) <= around.gap:
                        seen.add(other.series)
                        group.append(other)
        # what one signal shows is easier to look at than what all of them do together
        groups.append(sorted(group, key=lambda a: (bool(a.guilty), a.start, -a.strength, a.series)))
    return sorted(groups, key=lambda group: -excess(group, around))


def _judge(round_: Round, group: Sequence[Anomaly], around: Surroundings) -> bool:
    """Opens an incident, or says why not; returns whether it opened."""
    if not any(a.end is None and a.shape is not Shape.SPIKE for a in group):
        return False
    seed = group[0]
    above = excess(group, around)
    if above < 0:
        weak = Phrase("too_weak", {"strength": seed.strength, "lacks": -above})
        round_.strange(seed.series, Reason.TOO_WEAK, weak)
        return False
    team = round_.opening.asset(seed.series.asset).owner
    fresh = list(round_.decided.changed.values())
    least = around.spent.least(team, around.false_per_week, round_.now, fresh)
    if above <= least:
        spent = Phrase("budget_spent", {"above": above, "least": least})
        round_.strange(seed.series, Reason.BUDGET_SPENT, spent)
        return False
    members = tuple(map(member_of, group))
    recent = round_.view.recent(seed.series.asset)
    if recent is not None and recent.kind is IncidentKind.REACTIVE and round_.may_return(recent):
        known = {member.series for member in members}
        kept = tuple(m for m in recent.members if m.series not in known)
        round_.reopen(replace(recent, members=(*kept, *members)), recent.current)
        return True
    opened = open_strange(round_.opening, group, members, above, round_.now)
    round_.open(opened, Reason.STRANGE_TOGETHER)
    assets = list(dict.fromkeys(member.series.asset for member in members))
    for place, asset in enumerate(assets):
        round_.note_tie(opened, asset, assets[:place], around)
    return True


def member_of(anomaly: Anomaly) -> Member:
    """Returns an anomaly as a member of an incident."""
    return Member(
        anomaly.series,
        MemberSource.ANOMALY,
        anomaly.start,
        anomaly.end,
        anomaly.strength,
        anomaly.shape.value,
        anomaly.value,
        anomaly.expected,
    )


def _has(incident: Incident, series: SeriesKey) -> bool:
    return any(m.series == series and m.source is MemberSource.ANOMALY for m in incident.lasting)


def _onsets(incident: Incident) -> list[tuple[str, datetime]]:
    if not incident.members:
        return [(incident.asset, incident.opened_at)]
    return [(member.series.asset, member.since) for member in incident.members]
