"""Silences and recurring maintenance windows: when nobody wants to be told, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiops.domain.asset import Asset
from aiops.domain.event import Maintenance
from aiops.domain.selector import selects

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DEEPEST: Final = 16
"""Parents that are looked at, so that a circle of them ends."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Messages about matching assets are withheld until a time; incidents still open.

    Attributes:
        match: Key of an asset, or a pattern.
    """

    id: str
    match: str
    until: datetime
    reason: str
    by: str
    since: datetime

    def covers(self, lineage: Iterable[str], at: datetime) -> bool:
        """Whether one of the keys (an asset and its parents) is silenced then."""
        return self.since <= at < self.until and any(selects(self.match, key) for key in lineage)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A window that comes back every week, by the clock of its zone.

    Attributes:
        days: Of :data:`WEEKDAYS`, on which it begins; empty: every day.
        start: Local time of day.
    """

    match: str
    zone: str
    days: tuple[str, ...]
    start: time
    length: timedelta

    def windows(self, asset: str, start: datetime, end: datetime) -> list[Maintenance]:
        """Returns the windows that touch ``[start, end)``.

        The clock in Berlin goes forward in the night to 29 March 2026; the window keeps its
        local hour and its length.

        >>> night = Recurrence("db-*", "Europe/Berlin", (), time(1), timedelta(hours=4))
        >>> at = datetime(2026, 3, 28, 12, tzinfo=UTC)
        >>> [w.start.hour for w in night.windows("db-07", at, at + timedelta(days=2))]
        [0, 23]
        """
        zone = ZoneInfo(self.zone)
        day = (start - self.length).astimezone(zone).date() - timedelta(days=1)
        last = end.astimezone(zone).date()
        found = []
        while day <= last:
            if self._begins(day):
                begin = datetime.combine(day, self.start, zone).astimezone(UTC)
                if begin < end and begin + self.length > start:
                    found.append(Maintenance(asset, begin, begin + self.length))
            day += timedelta(days=1)
        return found

    def _begins(self, day: date) -> bool:
        return not self.days or WEEKDAYS[day.weekday()] in self.days


def lineage(asset: str, assets: Mapping[str, Asset]) -> list[str]:
    """Returns the asset's key and those of its parents, nearest first."""
    keys = [asset]
    while len(keys) < _DEEPEST:
        known = assets.get(keys[-1])
        if known is None or not known.parent or known.parent in keys:
            break
        keys.append(known.parent)
    return keys


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """Every window of an installation; a parent's window holds for its parts.

    Attributes:
        recorded: Windows that were reported, kept by who takes such reports.
    """

    rules: tuple[Recurrence, ...] = ()
    recorded: list[Maintenance] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.rules or self.recorded)

    def windows(
        self, asset: str, assets: Mapping[str, Asset], start: datetime, end: datetime
    ) -> list[Maintenance]:
        """Returns the asset's windows that touch ``[start, end)``."""
        if not self:
            return []
        keys = tuple(lineage(asset, assets))
        told = [
            Maintenance(asset, window.start, window.end)
            for window in tuple(self.recorded)
            if window.asset in keys and window.start < end and window.end > start
        ]
        return told + [
            window
            for rule in self.rules
            if any(selects(rule.match, key) for key in keys)
            for window in rule.windows(asset, start, end)
        ]

    def covers(self, asset: str, assets: Mapping[str, Asset], at: datetime) -> bool:
        """Whether the asset is in maintenance then."""
        return bool(self.windows(asset, assets, at, at + timedelta(microseconds=1)))
