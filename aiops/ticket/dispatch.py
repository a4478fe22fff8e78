"""From notices to outbox rows: who is told, or the reason why nobody is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from aiops.contracts.ledger import LedgerTransaction
from aiops.domain.asset import Asset
from aiops.domain.decision import Decision, Reason
from aiops.domain.incident import Incident, Stage
from aiops.domain.phrase import Phrase
from aiops.domain.silence import Silence, lineage
from aiops.domain.ticket import TicketAction, TicketDraft
from aiops.ticket.silences import Hush
from aiops.ticket.storm import Group, Storm, admit, from_note, group_draft, join, settle, to_note

Compose = Callable[[Incident, TicketAction], TicketDraft]

STORM: Final = "storm"
"""Name of the ledger's note that remembers a storm."""


class Told(Protocol):
    """What is to be told."""

    @property
    def action(self) -> TicketAction:
        """What the foreign system should show."""
        ...

    @property
    def reason(self) -> Reason:
        """Why."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Queues one draft for each destination, if stage, silences and storms allow it.

    Attributes:
        most: Single messages about new incidents within ten minutes; 0: no cap.
        language: Of the tickets that several incidents share.
    """

    destinations: Sequence[str]
    compose: Compose
    most: int = 0
    installation: str = ""
    public_url: str = ""
    language: str = "en"
    assets: Mapping[str, Asset] = field(default_factory=dict)

    def send(
        self,
        tx: LedgerTransaction,
        notices: Sequence[tuple[Incident, Told]],
        storm_note: Mapping[str, Any],
        hush: Hush,
        now: datetime,
    ) -> tuple[list[Decision], Hush]:
        """Adds outbox rows; returns a decision for each destination, and who waits in silence.

        Withheld messages get a decision too, so that "why was I not told?" has an answer.

        Args:
            storm_note: What :data:`STORM` holds.
            hush: Silences, and who was not told because of one.
        """
        heard, decisions, waiting = self._heed(notices, hush, now)
        decisions += self._deliver(tx, heard, storm_note, now)
        if waiting != hush.waiting:
            hush = hush.with_waiting(waiting)
            hush.put(tx)
        return decisions, hush

    def _heed(
        self, notices: Sequence[tuple[Incident, Told]], hush: Hush, now: datetime
    ) -> tuple[list[tuple[Incident, Told]], list[Decision], frozenset[str]]:
        """Returns what may be told, what may not, and who has to be told later."""
        heard: list[tuple[Incident, Told]] = []
        decisions: list[Decision] = []
        waiting = hush.waiting
        for incident, notice in notices:
            words = Phrase("not_sent", {"told": notice.action.value})
            withheld = withhold_reason(incident.stage, len(self.destinations))
            silence = self._silence(hush.silences, incident, now)
            if withheld is None and silence is not None:
                withheld = Reason.SILENCED
                words = _silenced(notice, silence)
            if withheld is None and incident.key in waiting:
                if notice.action is TicketAction.OPEN:
                    waiting -= {incident.key}
                else:
                    withheld = Reason.SILENCED  # nobody over there knows of it yet
            if withheld is Reason.SILENCED:
                waiting = _wait(waiting, incident, notice)
            if withheld is None:
                heard.append((incident, notice))
            else:
                decisions.append(_decision(incident, "withhold", withheld, words, now))
        return heard, decisions, waiting

    def _deliver(
        self,
        tx: LedgerTransaction,
        notices: Sequence[tuple[Incident, Told]],
        storm_note: Mapping[str, Any],
        now: datetime,
    ) -> list[Decision]:
        """Queues single messages up to the cap and one shared ticket per site beyond it."""
        before = from_note(storm_note)
        fresh = [i for i, notice in notices if notice.action is TicketAction.OPEN]
        storm, _, surplus = admit(before, fresh, self.most, now)
        grouped = {incident.key for incident in surplus}
        changed: dict[str, TicketAction] = {}
        decisions: list[Decision] = []
        for incident, notice in notices:
            group = storm.group_of(incident.key)
            if incident.key in grouped or group is not None:
                storm, group = self._group(storm, group, incident, changed, now)
                values = {"told": notice.action.value, "count": len(group.members)}
                shared, reason = Phrase("shared_ticket", values), Reason.GROUPED_IN_STORM
                decisions.append(_decision(incident, "withhold", reason, shared, now))
            else:
                decisions.extend(self.enqueue(tx, incident, notice, now))
        for key, action in changed.items():
            grouped_ticket = group_draft(storm.groups[key], action, self.public_url, self.language)
            for destination in self.destinations:
                tx.enqueue(destination, grouped_ticket, now)
        if storm != before:
            tx.put_note(STORM, to_note(storm))
        return decisions

    def enqueue(
        self, tx: LedgerTransaction, incident: Incident, told: Told, now: datetime
    ) -> list[Decision]:
        """Adds the incident's own outbox rows, one for each destination."""
        decisions = []
        for destination in self.destinations:
            message = tx.enqueue(destination, self.compose(incident, told.action), now)
            action = "send" if message is not None else "withhold"
            reason = told.reason if message is not None else Reason.ALREADY_OVER
            words = Phrase("sent_to", {"told": told.action.value, "destination": destination})
            decisions.append(_decision(incident, action, reason, words, now))
        return decisions

    def _silence(
        self, silences: Sequence[Silence], incident: Incident, now: datetime
    ) -> Silence | None:
        if not silences:
            return None
        keys = lineage(incident.asset, self.assets)
        return next((each for each in silences if each.covers(keys, now)), None)

    def _group(
        self,
        storm: Storm,
        group: Group | None,
        incident: Incident,
        changed: dict[str, TicketAction],
        now: datetime,
    ) -> tuple[Storm, Group]:
        action: TicketAction | None
        if group is None:
            asset = self.assets.get(incident.asset)
            site = asset.site if asset else ""
            storm, group, action = join(
                storm, incident, site, self.installation, now, self.language
            )
        else:
            storm, group, action = settle(storm, group, incident, now)
        if action is not None and changed.get(group.key) is not TicketAction.OPEN:
            changed[group.key] = action
        return storm, group


def withhold_reason(stage: Stage, destinations: int) -> Reason | None:
    """Returns why nothing may be sent, or None when it may.

    >>> withhold_reason(Stage.SHADOW, 1).value
    'stage_shadow'
    """
    if stage is Stage.SHADOW:
        return Reason.STAGE_SHADOW
    if stage is Stage.SUGGEST:
        return Reason.STAGE_SUGGEST
    return None if destinations else Reason.NO_DESTINATION


def _wait(waiting: frozenset[str], incident: Incident, told: Told) -> frozenset[str]:
    """Who still has to be told once the silence ends: what is open and was never told of."""
    if not incident.is_open:
        return waiting - {incident.key}
    return waiting | {incident.key} if told.action is TicketAction.OPEN else waiting


def _decision(
    incident: Incident, action: str, reason: Reason, phrase: Phrase, now: datetime
) -> Decision:
    return Decision(now, incident.key, incident.asset, action, reason, phrase)


def _silenced(told: Told, silence: Silence) -> Phrase:
    return Phrase(
        "silenced",
        {
            "told": told.action.value,
            "note": silence.reason,
            "by": silence.by,
            "until": f"{silence.until:%Y-%m-%d %H:%M}",
        },
    )
