"""Proposals and what people say to them; every step is one audited transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from aiops.automate.plan import Rendered, digest_of, edition_of, render
from aiops.automate.propose import PEOPLE, fits, people_needed
from aiops.automate.runbook import Runbook
from aiops.automate.settings import AutomateSettings
from aiops.contracts.errors import Refused
from aiops.contracts.ledger import Ledger
from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.incident import Incident
from aiops.domain.run import Approval, Run, RunReason, RunState, Tier

THE_SYSTEM: Final = "system"
_CHANGED_MEANWHILE: Final = "somebody else has just changed this run; look at it again"


class Desk:
    """Where runs are proposed, asked for, approved and rejected. Carries nothing out."""

    def __init__(
        self, ledger: Ledger, settings: AutomateSettings, runbooks: Sequence[Runbook]
    ) -> None:
        self.ledger = ledger
        self.settings = settings
        self.runbooks = {each.name: each for each in runbooks}

    def propose(
        self, incident: Incident, asset: Asset | None, assets: Mapping[str, Asset], now: datetime
    ) -> list[Run]:
        """Proposes each fitting runbook once for an incident; one that cannot be filled is not."""
        known = {run.runbook for run in self.ledger.runs(SYSTEM, incident=incident.key)}
        found = []
        for runbook in self.runbooks.values():
            if runbook.name in known or not fits(runbook, incident, asset):
                continue
            try:
                steps = render(runbook, incident, assets)
            except Refused:
                continue
            edition = edition_of(runbook)
            verified = 0
            if runbook.tier is Tier.LOW:
                verified = self.ledger.verified_runs(runbook.name, edition)
            needed = people_needed(runbook, incident, self.settings, verified)
            run = self._new(runbook, incident, steps, THE_SYSTEM, needed, 1, now)
            if self._add(run, now):
                found.append(run)
        return found

    def ask(
        self,
        incident: Incident,
        name: str,
        who: str,
        assets: Mapping[str, Asset],
        now: datetime,
    ) -> Run:
        """Proposes a runbook because a person wants it; that person may not approve it.

        Raises:
            KeyError: There is no such runbook.
            Refused: Automation is off, the incident is over, a run of it is not over yet, or a
                parameter has no usable value.
        """
        if not self.settings.enabled:
            raise Refused("automation is off: set automate.enabled in config.yaml")
        runbook = self.runbooks[name]
        if not incident.is_open:
            raise Refused(f"{incident.display} is closed")
        before = self.ledger.runs(SYSTEM, incident=incident.key)
        mine = [run for run in before if run.runbook == name]
        if any(not run.state.is_over for run in mine):
            raise Refused(f"a run of {name} for {incident.display} is not over yet")
        steps = render(runbook, incident, assets)
        run = self._new(runbook, incident, steps, who, PEOPLE[runbook.tier], len(mine) + 1, now)
        if not self._add(run, now):
            raise Refused(_CHANGED_MEANWHILE)
        return run

    def approve(self, run: Run, digest: str, who: str, now: datetime) -> Run:
        """Counts one person's yes; with enough of them the run is approved.

        Args:
            digest: Of the plan the person has seen.

        Raises:
            Refused: Not waiting, out of time, another plan, the requester, or the same person.
        """
        if run.state is not RunState.PROPOSED:
            raise Refused(f"the run is {run.state.value}, only a proposed one can be approved")
        if now >= run.valid_until:
            raise Refused("the proposal is out of time; ask for a new run")
        if digest != run.digest:
            raise Refused("this is not the plan you have seen; look at it again")
        if not who or who == run.requested_by:
            raise Refused("who has asked for a run may not approve it")
        if who in {approval.who for approval in run.approvals}:
            raise Refused(f"{who} has approved it already; another person must")
        approvals = (*run.approvals, Approval(who, now, digest))
        after = replace(run, approvals=approvals)
        if len(approvals) >= run.needed:
            after = replace(after, state=RunState.APPROVED, reason=RunReason.APPROVED_BY_PEOPLE)
        return self.write(run, after, who, "approve run", now)

    def reject(self, run: Run, who: str, note: str, now: datetime) -> Run:
        """Ends a run that has not begun.

        Raises:
            Refused: It has begun or is over.
        """
        if run.state not in (RunState.PROPOSED, RunState.APPROVED):
            raise Refused(f"the run is {run.state.value}; the kill switch stops a running one")
        after = replace(
            run,
            state=RunState.REJECTED,
            reason=RunReason.REJECTED_BY_PERSON,
            detail=note,
            ended_at=now,
        )
        return self.write(run, after, who, "reject run", now)

    def write(
        self, before: Run, after: Run, who: str, what: str, now: datetime, fence: int | None = None
    ) -> Run:
        """Writes the next version of a run with its audit row.

        Raises:
            Refused: Another version was written meanwhile.
            Fenced: Another daemon leads now.
        """
        after = replace(after, version=before.version + 1)
        with self.ledger.begin(fence) as tx:
            if not tx.put_run(after):
                raise Refused(_CHANGED_MEANWHILE)
            tx.audit(now, who, what, f"run {after.id}", _audited(before), _audited(after))
        return after

    def _new(
        self,
        runbook: Runbook,
        incident: Incident,
        steps: tuple[Rendered, ...],
        who: str,
        needed: int,
        attempt: int,
        now: datetime,
    ) -> Run:
        text = "\x1f".join((incident.key, runbook.name, str(attempt)))
        by_system = who == THE_SYSTEM
        reason = RunReason.PROPOSED_WITH_INCIDENT if by_system else RunReason.ASKED_FOR
        return Run(
            id=hashlib.sha256(text.encode()).hexdigest()[:32],
            runbook=runbook.name,
            tier=runbook.tier,
            incident=incident.key,
            asset=incident.asset,
            plan=tuple(each.planned for each in steps),
            edition=edition_of(runbook),
            digest=digest_of(runbook, incident, steps),
            needed=needed,
            requested_by=who,
            requested_at=now,
            valid_until=now + self.settings.valid_for,
            state=RunState.PROPOSED if needed else RunState.APPROVED,
            reason=reason if needed else RunReason.PROVEN_AND_ALLOWED,
            title={"en": runbook.title, "zh": runbook.title_zh or runbook.title},
        )

    def _add(self, run: Run, now: datetime) -> bool:
        with self.ledger.begin() as tx:
            added = tx.put_run(run)
            if added:
                told = _audited(run)
                tx.audit(now, run.requested_by, "propose run", f"run {run.id}", {}, told)
        return added


def _audited(run: Run) -> dict[str, object]:
    return {
        "runbook": run.runbook,
        "asset": run.asset,
        "incident": run.incident,
        "state": run.state.value,
        "reason": run.reason.value,
        "digest": run.digest,
        "approvals": [approval.who for approval in run.approvals],
        "steps": len(run.results),
    }
