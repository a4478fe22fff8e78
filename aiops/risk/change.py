"""What a planned change risks, and when it would risk least: a pure function of what is known.

The risk is what was measured: how often changes of this kind were followed by an incident, and
how likely the failures are that are foreseen in and right after the window.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import prod
from typing import Any, Final

from aiops.contracts.ledger import Ledger
from aiops.domain.asset import Asset, Edge, Viewer
from aiops.domain.change import Change
from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident
from aiops.domain.silence import MaintenancePlan
from aiops.risk.past_changes import AFTER, Record, record_of

LOOK_AHEAD: Final = timedelta(days=7)
_HOUR: Final = timedelta(hours=1)
_PAST: Final = timedelta(days=365)
_MOST: Final = 100_000
_OFFERED: Final = 3
_HIGH, _MEDIUM = 0.5, 0.2


@dataclass(frozen=True, slots=True)
class Terms:
    """What the configuration says.

    Attributes:
        plan: Recurring maintenance windows.
        prices: Price of an hour of downtime by service.
        price: Of an asset without a service.
        outage: How long an outage takes.
    """

    plan: MaintenancePlan
    prices: Mapping[str, float]
    price: float
    currency: str
    outage: timedelta


@dataclass(frozen=True, slots=True)
class Known:
    """Everything an assessment rests on, as its reader may see it.

    Attributes:
        changes: Recorded changes, past and planned.
    """

    assets: Mapping[str, Asset]
    edges: Sequence[Edge]
    crossings: Sequence[Crossing]
    incidents: Sequence[Incident]
    changes: Sequence[Change]
    terms: Terms


@dataclass(frozen=True, slots=True)
class Window:
    """A possible time of the change.

    Attributes:
        foreseen: Probability that a foreseen failure falls into it or the day after.
        in_maintenance: Whether a maintenance window holds all of it.
        overlaps: Other changes at the same time on the same things.
        unrest: Past incidents of the affected assets in these hours of the week.
    """

    start: datetime
    end: datetime
    foreseen: float
    in_maintenance: bool
    overlaps: int
    unrest: int

    def rank(self) -> tuple[float, int, bool, int, datetime]:
        """Orders windows, best first."""
        foreseen = round(self.foreseen, 3)
        return (foreseen, self.overlaps, not self.in_maintenance, self.unrest, self.start)


@dataclass(frozen=True, slots=True)
class _Around:
    """What a window is held against.

    Attributes:
        unrest: Hour of the week to past incidents.
    """

    crossings: Sequence[Crossing]
    unrest: Mapping[int, int]
    others: Sequence[Change]
    maintenance: Sequence[tuple[datetime, datetime]]


def assess_change(change: Change, known: Known, now: datetime) -> dict[str, Any]:
    """Returns risk, reasons, foreseen failures, past changes and the safest windows.

    Returns:
        Plain values, each figure with the list behind it.
    """
    touched = affected(change, known.assets, known.edges)
    crossings = [c for c in known.crossings if c.series.asset in touched]
    mine = [i for i in known.incidents if i.asset in touched]
    standing = [i for i in mine if i.is_open]
    record = record_of(change, known.changes, known.incidents, known.assets, known.edges, now)
    length = max(change.end - change.start, timedelta(0))
    others = [c for c in known.changes if c.id != change.id and _same(c, touched, known.assets)]
    around = _Around(
        crossings,
        Counter(_hour_of_week(incident.opened_at) for incident in mine),
        others,
        _maintenance(change, known, now),
    )
    asked = _window(change.start, length, around)
    share = record.share or 0.0
    probability = 1 - (1 - share) * (1 - asked.foreseen)
    hourly = sum(_prices(touched, known).values())
    return {
        "asset": change.asset,
        "service": change.service,
        "from": change.start.isoformat(),
        "to": change.end.isoformat(),
        "kind": change.kind,
        "probability": probability,
        "level": _level(probability, standing),
        "reasons": _reasons(asked, record, standing, change, now),
        "affected": sorted(touched),
        "open_incidents": [_row(i) for i in standing],
        "foreseen": [_foreseen(c) for c in crossings if c.foreseen is not None],
        "past_changes": record.plain(),
        "expected_loss": probability * hourly * (known.terms.outage / _HOUR),
        "currency": known.terms.currency,
        "asked": _plain(asked),
        "safest": [_plain(each) for each in _safest(length, around, now)],
    }


def read_assessment(
    ledger: Ledger, viewer: Viewer, change: Change, terms: Terms, now: datetime
) -> dict[str, Any]:
    """Returns the assessment over everything the viewer may see."""
    ahead = max(now + LOOK_AHEAD, change.end) + AFTER
    known = Known(
        {asset.key: asset for asset in ledger.assets(viewer)},
        ledger.edges(),
        ledger.crossings(viewer),
        [
            i
            for i in ledger.incidents(viewer, limit=_MOST)
            if i.is_open or now - i.opened_at < _PAST
        ],
        ledger.changes(viewer, now - _PAST, ahead),
        terms,
    )
    return assess_change(change, known, now)


def affected(change: Change, assets: Mapping[str, Asset], edges: Iterable[Edge]) -> frozenset[str]:
    """Returns the changed assets, their parts, and what depends on them."""
    if change.asset:
        found = {change.asset}
    else:
        found = {key for key, asset in assets.items() if asset.service == change.service}
    upon: dict[str, set[str]] = {}
    for key, asset in assets.items():
        for target in (asset.parent, *asset.depends_on):
            upon.setdefault(target, set()).add(key)
    for edge in edges:
        upon.setdefault(edge.target, set()).add(edge.source)
    waiting = list(found)
    while waiting:
        for key in upon.get(waiting.pop(), ()):
            if key and key not in found:
                found.add(key)
                waiting.append(key)
    return frozenset(found)


def chance_within(crossing: Crossing, start: datetime, end: datetime) -> float:
    """Returns how likely a foreseen limit is met in ``[start, end)``.

    The 10, 50 and 90 % times of the crossing are joined by straight lines; beyond them the
    outer slopes go on.
    """
    known = (crossing.early, crossing.likely, crossing.late)
    if crossing.probability is None or any(each is None for each in known):
        return 0.0
    times = [each.timestamp() for each in known if each is not None]
    share = _below(times, end.timestamp()) - _below(times, start.timestamp())
    return crossing.probability * max(0.0, share)


def _below(times: Sequence[float], at: float) -> float:
    levels = (0.1, 0.5, 0.9)
    early, likely, late = times
    pairs = ((early, likely, 0.1, 0.5), (likely, late, 0.5, 0.9))
    low, high, start, end = pairs[0] if at < likely else pairs[1]
    if high <= low:
        return levels[1] if at < likely else 1.0
    return min(1.0, max(0.0, start + (end - start) * (at - low) / (high - low)))


def _window(start: datetime, length: timedelta, around: _Around) -> Window:
    end = start + length
    none = prod(1 - chance_within(each, start, end + AFTER) for each in around.crossings)
    hours = {_hour_of_week(start + n * _HOUR) for n in range(int(length / _HOUR) + 1)}
    return Window(
        start,
        end,
        1 - none,
        any(begin <= start and end <= close for begin, close in around.maintenance),
        sum(c.start < end and c.end > start for c in around.others),
        sum(count for hour, count in around.unrest.items() if hour in hours),
    )


def _safest(length: timedelta, around: _Around, now: datetime) -> list[Window]:
    first = now.replace(minute=0, second=0, microsecond=0) + _HOUR
    found = [_window(first + n * _HOUR, length, around) for n in range(LOOK_AHEAD // _HOUR)]
    chosen: list[Window] = []
    for each in sorted(found, key=Window.rank):
        if all(each.start >= c.end or each.end <= c.start for c in chosen):
            chosen.append(each)
        if len(chosen) == _OFFERED:
            break
    return chosen


def _maintenance(change: Change, known: Known, now: datetime) -> list[tuple[datetime, datetime]]:
    """Returns the recurring windows of what is changed itself, as far ahead as is looked."""
    if not known.terms.plan.rules:
        return []
    end = max(now + LOOK_AHEAD, change.start) + max(change.end - change.start, _HOUR)
    own = [change.asset] if change.asset else []
    own += [k for k, a in known.assets.items() if not change.asset and a.service == change.service]
    windows = (
        known.terms.plan.windows(key, known.assets, min(now, change.start), end) for key in own
    )
    return [(each.start, each.end) for found in windows for each in found]


def _reasons(
    asked: Window,
    record: Record,
    standing: Sequence[Incident],
    change: Change,
    now: datetime,
) -> list[str]:
    found = []
    if standing:
        found.append("open_incident")
    if asked.foreseen >= _MEDIUM:
        found.append("failure_foreseen")
    if record.is_worse:
        found.append("changes_went_wrong")
    if asked.overlaps:
        found.append("other_change")
    if change.start < now:
        found.append("already_begun")
    if not asked.in_maintenance:
        found.append("outside_maintenance")
    return found


def _level(probability: float, standing: Sequence[Incident]) -> str:
    if probability >= _HIGH:
        return "high"
    return "medium" if probability >= _MEDIUM or standing else "low"


def _same(change: Change, touched: frozenset[str], assets: Mapping[str, Asset]) -> bool:
    if change.asset:
        return change.asset in touched
    return any(assets[key].service == change.service for key in touched if key in assets)


def _prices(touched: Iterable[str], known: Known) -> dict[str, float]:
    """Returns the price of an hour by service; assets without one count once together."""
    services = {known.assets[key].service for key in touched if key in known.assets} or {""}
    return {each: known.terms.prices.get(each, known.terms.price) for each in services}


def _hour_of_week(at: datetime) -> int:
    return at.weekday() * 24 + at.hour


def _row(incident: Incident) -> dict[str, Any]:
    return {"key": incident.key, "number": incident.number, "asset": incident.asset}


def _foreseen(crossing: Crossing) -> dict[str, Any]:
    def text(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "asset": crossing.series.asset,
        "signal": crossing.series.text,
        "probability": crossing.probability,
        "early": text(crossing.early),
        "likely": text(crossing.likely),
        "late": text(crossing.late),
    }


def _plain(window: Window) -> dict[str, Any]:
    return {
        "from": window.start.isoformat(),
        "to": window.end.isoformat(),
        "foreseen": window.foreseen,
        "in_maintenance": window.in_maintenance,
        "overlaps": window.overlaps,
        "past_incidents_in_these_hours": window.unrest,
    }
