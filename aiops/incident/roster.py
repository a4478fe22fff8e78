"""Who is on shift, by the clock of each team's zone, and who of them has least to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops.domain.silence import Recurrence

_AHEAD = timedelta(days=8)
"""A weekly shift comes back within it."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One weekly shift of a team.

    Attributes:
        hours: When it is; ``match`` is not looked at.
        people: Who is on it; empty: ``group`` as a whole takes what comes.
        group: The part of the team (a site, a vendor) that has it; empty: the team.
    """

    team: str
    hours: Recurrence
    people: tuple[str, ...] = ()
    group: str = ""

    @property
    def takers(self) -> tuple[str, ...]:
        """Who may be given an incident."""
        return self.people or (self.group or self.team,)


@dataclass(frozen=True, slots=True)
class OnShift:
    """Who gets an incident now.

    Attributes:
        load: Open incidents of everyone on shift, the chosen one among them.
        until: End of the shift.
    """

    who: str
    load: Mapping[str, int]
    until: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class NobodyOnShift:
    """Why nobody gets an incident now.

    Attributes:
        next_at: When the next shift begins.
    """

    next_at: datetime | None
    zone: str


@dataclass(frozen=True, slots=True)
class Roster:
    """The shifts of every team that has some."""

    shifts: Sequence[Shift] = ()

    def on_shift(
        self, team: str, load: Mapping[str, int], now: datetime
    ) -> OnShift | NobodyOnShift | None:
        """Returns who of a team takes an incident now; None where the team has no shifts.

        The fewest open incidents count; of equals the one listed first.

        Args:
            load: Name to the number of open incidents.
        """
        own = [shift for shift in self.shifts if shift.team == team]
        if not own:
            return None
        ends: dict[str, tuple[datetime, str]] = {}
        for shift in own:
            for window in shift.hours.windows("", now, now + timedelta(microseconds=1)):
                for who in shift.takers:
                    ends.setdefault(who, (window.end, shift.hours.zone))
        if not ends:
            begins = [
                (window.start, shift.hours.zone)
                for shift in own
                for window in shift.hours.windows("", now, now + _AHEAD)
            ]
            at, zone = min(begins, default=(None, own[0].hours.zone))
            return NobodyOnShift(at, zone)
        loads = {who: load.get(who, 0) for who in ends}
        who = min(loads, key=loads.__getitem__)  # of equals the first
        until, zone = ends[who]
        return OnShift(who, loads, until, zone)
