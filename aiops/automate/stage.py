"""Stage 7: proposes with incidents and carries out what is approved, at most once.

A run goes from ``approved`` to ``running`` in one transaction before anything is done; a run
that is ``running`` in the ledger and not here was interrupted: nobody knows how far it came,
so it becomes ``unknown`` and is never repeated.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog

from aiops.automate.carry import Ending, Results, carry_out, rehearse
from aiops.automate.desk import THE_SYSTEM, Desk
from aiops.automate.limits import DAY, find_limit
from aiops.automate.plan import Rendered, digest_of, edition_of, render
from aiops.automate.propose import is_told
from aiops.automate.runbook import Runbook
from aiops.automate.switch import Switch, set_switch
from aiops.contracts.crash import crashpoint
from aiops.contracts.errors import AiopsError, Refused
from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.incident import Incident
from aiops.domain.phrase import NO_WORDS, Phrase
from aiops.domain.run import Run, RunReason, RunState

_SWITCH_EVERY: Final = 0.4
"""Seconds between two looks into the ledger for a switch pulled through another daemon."""
_log = structlog.get_logger("automate")


@dataclass(frozen=True, slots=True)
class Leadership:
    """What the stage asks of the daemon.

    Attributes:
        now: The time, for what is stored.
        monotonic: Seconds that never go back.
        fence: Token of the lease; None when another daemon leads.
        assets: Everything that is watched, by key.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    fence: Callable[[], int | None]
    assets: Callable[[], Mapping[str, Asset]]


class Automation:
    """Owns the threads that act; one tick looks for what is due."""

    def __init__(self, desk: Desk, daemon: Leadership) -> None:
        self.desk = desk
        self.ledger = desk.ledger
        self.settings = desk.settings
        self._daemon = daemon
        self._considered: set[str] = set()
        self._active: set[str] = set()
        self._stop = threading.Event()
        self._looked_at = 0.0
        self._halted = False
        self._pool = ThreadPoolExecutor(self.settings.at_once, "runbook")

    def tick(self, incidents: Iterable[Incident], now: datetime) -> None:
        """Proposes for new incidents, ends what is out of time, begins what is approved."""
        fence = self._daemon.fence()
        if fence is None:
            self._considered.clear()  # another daemon leads; what it did is in the ledger
            return
        self._find_interrupted(now, fence)
        if not self.settings.enabled or self.is_halted():
            return
        assets = self._daemon.assets()
        standing = {incident.key: incident for incident in incidents if is_told(incident)}
        self._considered &= standing.keys()
        for incident in standing.values():
            if incident.key not in self._considered:
                self.desk.propose(incident, assets.get(incident.asset), assets, now)
                self._considered.add(incident.key)
        for run in self.ledger.runs(SYSTEM, states=[RunState.PROPOSED, RunState.APPROVED]):
            try:
                self._advance(run, assets, now, fence)
            except Refused as error:  # a person was faster; the next tick sees what they did
                _log.info("a run was changed meanwhile", run=run.id, error=str(error))

    def ask(self, incident: Incident, name: str, who: str) -> Run:
        """Proposes a runbook because a person wants it; see :meth:`Desk.ask`."""
        return self.desk.ask(incident, name, who, self._daemon.assets(), self._daemon.now())

    def approve(self, run: Run, digest: str, who: str) -> Run:
        """Counts one person's yes; see :meth:`Desk.approve`."""
        return self.desk.approve(run, digest, who, self._daemon.now())

    def reject(self, run: Run, who: str, note: str) -> Run:
        """Ends a run that has not begun; see :meth:`Desk.reject`."""
        return self.desk.reject(run, who, note, self._daemon.now())

    def rehearse(self, run: Run, who: str) -> Run:
        """Does a dry run now and stores its results with the run.

        Raises:
            Refused: Automation is off or stopped, or the plan has changed.
        """
        if not self.settings.enabled or self.is_halted():
            raise Refused("automation is off or stopped by the kill switch")
        found = self._plan(run, self._daemon.assets())
        if isinstance(found, RunReason):
            raise Refused(f"the plan cannot be rehearsed: {found.value.replace('_', ' ')}")
        runbook, steps = found
        results = rehearse(runbook, steps, self._is_stopped)
        newest = self.ledger.run(SYSTEM, run.id) or run
        if newest.state not in (RunState.PROPOSED, RunState.APPROVED):
            raise Refused(f"the run is {newest.state.value}; a dry run comes before it")
        after = replace(newest, rehearsal=results)
        return self.desk.write(newest, after, who, "rehearse run", self._daemon.now())

    def halt(self, who: str, note: str) -> Switch:
        """Pulls the kill switch: nothing begins, what runs is ended within a second."""
        self._halted = True
        return set_switch(self.ledger, who, note, self._daemon.now(), halted=True)

    def resume(self, who: str, note: str) -> Switch:
        """Releases the kill switch."""
        switch = set_switch(self.ledger, who, note, self._daemon.now(), halted=False)
        self._halted = False
        return switch

    def is_halted(self) -> bool:
        """Whether the kill switch is pulled, here or through another daemon."""
        self._halted = Switch.read(self.ledger).halted
        return self._halted

    def describe(self) -> dict[str, Any]:
        """Returns how automation stands and what it could do, as plain values."""
        switch = Switch.read(self.ledger)
        return {
            "enabled": self.settings.enabled,
            "halted": switch.halted,
            "halted_by": switch.by if switch.halted else "",
            "halted_at": switch.at if switch.halted else "",
            "note": switch.note if switch.halted else "",
            "runbooks": [self._describe(each) for each in self.desk.runbooks.values()],
        }

    def close(self) -> None:
        """Ends what runs; its run is stored as stopped."""
        self._stop.set()
        self._pool.shutdown(wait=True)

    def _describe(self, runbook: Runbook) -> dict[str, Any]:
        edition = edition_of(runbook)
        return {
            "name": runbook.name,
            "title": {"en": runbook.title, "zh": runbook.title_zh or runbook.title},
            "tier": runbook.tier.value,
            "edition": edition,
            "verified": self.ledger.verified_runs(runbook.name, edition),
            "proven_after": self.settings.proven_after,
            "allowed": [a.asset for a in self.settings.allow if a.runbook == runbook.name],
            "can_roll_back": bool(runbook.rollback),
            "checks_itself": bool(runbook.verify),
            "match": {
                "metrics": list(runbook.match.metrics),
                "kinds": list(runbook.match.kinds),
                "categories": list(runbook.match.categories),
                "assets": list(runbook.match.assets),
            },
        }

    def _find_interrupted(self, now: datetime, fence: int) -> None:
        for run in self.ledger.runs(SYSTEM, states=[RunState.RUNNING]):
            if run.id in self._active:
                continue
            after = replace(run, state=RunState.UNKNOWN, reason=RunReason.INTERRUPTED, ended_at=now)
            self.desk.write(run, after, THE_SYSTEM, "find run interrupted", now, fence)
            _log.warning("a run was interrupted; look at the asset", run=run.id, asset=run.asset)

    def _advance(self, run: Run, assets: Mapping[str, Asset], now: datetime, fence: int) -> None:
        found = self._plan(run, assets)
        limit = NO_WORDS
        if isinstance(found, tuple) and run.state is RunState.APPROVED:
            begun = self.ledger.runs(SYSTEM, started_since=now - DAY, limit=10_000)
            limit = find_limit(run, begun, self.settings, now)
        if isinstance(found, RunReason):
            self._expire(run, found, NO_WORDS, now, fence)
        elif now >= run.valid_until:
            reason = RunReason.LIMIT_REACHED if limit else RunReason.NOT_IN_TIME
            self._expire(run, reason, limit, now, fence)
        elif run.state is RunState.APPROVED and not limit:
            self._begin(run, *found, now, fence)

    def _plan(
        self, run: Run, assets: Mapping[str, Asset]
    ) -> tuple[Runbook, tuple[Rendered, ...]] | RunReason:
        """Renders the plan anew; an approval is for exactly what it was."""
        incident = self.ledger.incident(SYSTEM, run.incident)
        runbook = self.desk.runbooks.get(run.runbook)
        if incident is None or not incident.is_open:
            return RunReason.INCIDENT_OVER
        if runbook is None:
            return RunReason.RUNBOOK_CHANGED
        try:
            steps = render(runbook, incident, assets)
        except Refused:
            return RunReason.RUNBOOK_CHANGED
        same = digest_of(runbook, incident, steps) == run.digest
        return (runbook, steps) if same else RunReason.RUNBOOK_CHANGED

    def _expire(self, run: Run, reason: RunReason, said: Phrase, now: datetime, fence: int) -> None:
        after = replace(
            run, state=RunState.EXPIRED, reason=reason, detail=said.text(), said=said, ended_at=now
        )
        self.desk.write(run, after, THE_SYSTEM, "expire run", now, fence)

    def _begin(
        self, run: Run, runbook: Runbook, steps: tuple[Rendered, ...], now: datetime, fence: int
    ) -> None:
        yes = {a.who for a in run.approvals if a.digest == run.digest}
        if len(yes - {run.requested_by}) < run.needed:  # written past the desk: never run
            lacking = Phrase("run_approvals_missing")
            self._expire(run, RunReason.RUNBOOK_CHANGED, lacking, now, fence)
            return
        begun = replace(run, state=RunState.RUNNING, reason=RunReason.STARTED, started_at=now)
        self._active.add(run.id)
        try:
            begun = self.desk.write(run, begun, THE_SYSTEM, "begin run", now, fence)
        except AiopsError:
            self._active.discard(run.id)
            raise
        crashpoint("automate.after_begin")
        self._pool.submit(self._carry, begun, runbook, steps, fence)

    def _carry(self, run: Run, runbook: Runbook, steps: tuple[Rendered, ...], fence: int) -> None:
        current = run

        def note(results: Results) -> None:
            nonlocal current
            after = replace(current, results=results)
            now = self._daemon.now()
            current = self.desk.write(current, after, THE_SYSTEM, "step of run", now, fence)

        try:
            ending = carry_out(runbook, steps, self._is_stopped, note)
            if ending.state is RunState.STOPPED and self._stop.is_set():
                ending = replace(ending, reason=RunReason.INTERRUPTED)
            self._end(current, ending, fence)
        except AiopsError as error:
            # not written: it stays `running` in the ledger and is found interrupted
            _log.error("a run's result could not be stored", run=run.id, error=str(error))
        except Exception:  # noqa: BLE001 -- a supervised thread: told, and found interrupted later
            _log.exception("a run failed inside the service", run=run.id)
        finally:
            self._active.discard(run.id)

    def _end(self, run: Run, ending: Ending, fence: int) -> None:
        now = self._daemon.now()
        after = replace(
            run,
            state=ending.state,
            reason=ending.reason,
            results=ending.results,
            verified=ending.verified,
            ended_at=now,
        )
        crashpoint("automate.before_end")
        self.desk.write(run, after, THE_SYSTEM, "end run", now, fence)

    def _is_stopped(self) -> bool:
        """Whether to stop at once; asked every tenth of a second while something runs."""
        if self._stop.is_set() or self._halted or self._daemon.fence() is None:
            return True
        at = self._daemon.monotonic()
        if at - self._looked_at >= _SWITCH_EVERY:
            self._looked_at = at
            return self.is_halted()
        return False
