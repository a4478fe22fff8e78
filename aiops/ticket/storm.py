"""Storms are damped: what is too much in ten minutes becomes one ticket per site.

Every incident still exists; only its message is grouped, and a decision says so. Pure
functions over a state of plain JSON values that lives in the ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from aiops.domain.incident import Incident, incident_key
from aiops.domain.instant import to_ns
from aiops.domain.phrase import Phrase
from aiops.domain.ticket import TicketAction, TicketDraft
from aiops.ticket.compose import cut, one_line

WINDOW: Final = timedelta(minutes=10)
JOINS: Final = timedelta(hours=1)
"""A group takes in what comes within it."""
KEPT: Final = timedelta(days=7)
"""A group is remembered so long after its last change, for incidents that reopen."""

_BODY: Final = 15_000


@dataclass(frozen=True, slots=True)
class Group:
    """One grouped ticket.

    Attributes:
        members: Incident key to its line in the list.
        standing: Keys of members that are not closed.
    """

    key: str
    site: str
    started: datetime
    changed: datetime
    members: Mapping[str, str] = field(default_factory=dict)
    standing: frozenset[str] = frozenset()
    priority: int = 5


@dataclass(frozen=True, slots=True)
class Storm:
    """What is remembered from one round to the next.

    Attributes:
        sent: Times of the newest single messages about new incidents.
    """

    sent: tuple[datetime, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)

    def group_of(self, incident_key: str) -> Group | None:
        """Returns the group that speaks for the incident."""
        return next((g for g in self.groups.values() if incident_key in g.members), None)


def admit(
    storm: Storm, opened: Sequence[Incident], most: int, now: datetime
) -> tuple[Storm, list[Incident], list[Incident]]:
    """Returns the storm after a round, who gets a ticket of their own, and who is grouped.

    The most urgent go first. ``most`` 0 means no cap.
    """
    recent = [at for at in storm.sent if now - at < WINDOW]
    ordered = sorted(opened, key=lambda i: (i.priority, -_probability(i), i.key))
    room = len(ordered) if most == 0 else max(most - len(recent), 0)
    alone, grouped = ordered[:room], ordered[room:]
    kept = {k: g for k, g in storm.groups.items() if g.standing or now - g.changed < KEPT}
    return Storm((*recent, *(now for _ in alone)), kept), alone, grouped


def join(
    storm: Storm,
    incident: Incident,
    site: str,
    installation: str,
    now: datetime,
    language: str = "en",
) -> tuple[Storm, Group, TicketAction]:
    """Returns the storm with the incident in its site's group, and what the ticket becomes."""
    found = next(
        (g for g in storm.groups.values() if g.site == site and now - g.started < JOINS), None
    )
    key = incident_key(installation, f"storm {site}", "storm", to_ns(now))
    action = TicketAction.OPEN if found is None else TicketAction.COMMENT
    group = found or Group(key, site, now, now)
    if found is not None and not found.standing:
        action = TicketAction.REOPEN
    group = replace(
        group,
        changed=now,
        members={**group.members, incident.key: _line(incident, language)},
        standing=group.standing | {incident.key},
        priority=min(group.priority, incident.priority),
    )
    return replace(storm, groups={**storm.groups, group.key: group}), group, action


def settle(
    storm: Storm, group: Group, incident: Incident, now: datetime
) -> tuple[Storm, Group, TicketAction | None]:
    """Returns the storm after a member has changed; an action only when the ticket must know."""
    before = group.standing
    standing = before | {incident.key} if incident.is_open else before - {incident.key}
    if standing == before:
        return storm, group, None
    group = replace(group, standing=standing, changed=now)
    storm = replace(storm, groups={**storm.groups, group.key: group})
    if not standing:
        return storm, group, TicketAction.RESOLVE
    return storm, group, None if before else TicketAction.REOPEN


def group_draft(
    group: Group, action: TicketAction, public_url: str = "", language: str = "en"
) -> TicketDraft:
    """Returns the grouped ticket with every incident on its list."""
    site = group.site or Phrase("no_site").text(language)
    count = len(group.members)
    lines = [cut(one_line(line), 300) for line in group.members.values()]
    if sum(len(line) + 1 for line in lines) > _BODY:
        lines = [cut(line, max(24, _BODY // count - 1)) for line in lines]
    values = {"count": count, "site": site}
    code = "storm_stands" if group.standing else "storm_over"
    head = Phrase(code, values).text(language)
    subject = Phrase("storm_subject", values).text(language)
    address = f"{public_url.rstrip('/')}/" if public_url else ""
    return TicketDraft(
        key=group.key,
        message_id="",
        action=action,
        subject=one_line(cut(subject, 200)),
        body="\n".join([head, "", *lines, "", *([address] if address else [])]).strip(),
        priority=group.priority,
        url=address,
    )


def to_note(storm: Storm) -> dict[str, Any]:
    """Returns the storm as plain values."""
    return {
        "sent": [at.isoformat() for at in storm.sent],
        "groups": {
            key: {
                "site": g.site,
                "started": g.started.isoformat(),
                "changed": g.changed.isoformat(),
                "members": [list(item) for item in g.members.items()],
                "standing": sorted(g.standing),
                "priority": g.priority,
            }
            for key, g in storm.groups.items()
        },
    }


def from_note(note: Mapping[str, Any]) -> Storm:
    """Returns the storm of plain values, an empty one of an empty mapping."""
    groups = {
        key: Group(
            key,
            g["site"],
            datetime.fromisoformat(g["started"]),
            datetime.fromisoformat(g["changed"]),
            {str(member): str(line) for member, line in g["members"]},
            frozenset(g["standing"]),
            int(g["priority"]),
        )
        for key, g in note.get("groups", {}).items()
    }
    return Storm(tuple(datetime.fromisoformat(at) for at in note.get("sent", ())), groups)


def _line(incident: Incident, language: str) -> str:
    words = incident.sentence.get(language) or incident.sentence.get("en", "")
    return f"{incident.display} {incident.asset}: {words}".rstrip(": ")


def _probability(incident: Incident) -> float:
    return incident.predicted.probability if incident.predicted else 1.0
