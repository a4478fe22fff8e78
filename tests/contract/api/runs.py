"""Runs of runbooks as the API sees them, without anything being run."""

from dataclasses import replace

from aiops.domain.incident import (
    Incident,
)
from aiops.domain.run import (
    Approval,
    Phase,
    PlannedStep,
    Run,
    RunReason,
    RunState,
    Tier,
)
from tests.contract.api.held import HOUR, NOW, MemoryLedger


class FakeAutomation:
    """Remembers what people ordered."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger
        self.orders: list[tuple[str, ...]] = []
        self.state: dict[str, object] = {
            "enabled": True,
            "halted": False,
            "halted_by": "",
            "halted_at": "",
            "note": "",
            "runbooks": [
                {
                    "name": "vacuum-journal",
                    "title": {"en": "Vacuum the journal", "zh": "清理系统日志"},
                    "tier": "medium",
                    "edition": "ab" * 32,
                    "verified": 3,
                    "proven_after": 20,
                    "allowed": [],
                    "can_roll_back": True,
                    "checks_itself": True,
                    "match": {
                        "metrics": ["system.filesystem.*"],
                        "kinds": ["volume"],
                        "categories": [],
                        "assets": [],
                    },
                }
            ],
        }

    def ask(self, incident, name, who):
        if name != "vacuum-journal":
            raise KeyError(name)
        self.orders.append(("ask", incident.key, name, who))
        return a_run(incident)

    def approve(self, run, digest, who):
        self.orders.append(("approve", run.id, digest, who))
        approved = replace(run, approvals=(*run.approvals, Approval(who, NOW, digest)))
        self.ledger.runs_held = [approved if r.id == run.id else r for r in self.ledger.runs_held]
        return approved

    def reject(self, run, who, note):
        self.orders.append(("reject", run.id, who, note))
        return run

    def rehearse(self, run, who):
        self.orders.append(("rehearse", run.id, who))
        return run

    def halt(self, who, note):
        self.orders.append(("halt", who, note))
        self.state |= {"halted": True, "halted_by": who, "halted_at": NOW.isoformat(), "note": note}
        return self.state

    def resume(self, who, note):
        self.orders.append(("resume", who, note))
        self.state |= {"halted": False}
        return self.state


def a_run(incident: Incident, identity: str = "r1", **changes) -> Run:
    """A run that waits for one person more."""
    run = Run(
        identity,
        "vacuum-journal",
        Tier.MEDIUM,
        incident.key,
        incident.asset,
        (
            PlannedStep(Phase.DO, "vacuum", "run", ("journalctl", "--vacuum-size=200M")),
            PlannedStep(Phase.VERIFY, "enough", "call", ("GET", "http://127.0.0.1:9/free", "")),
            PlannedStep(Phase.ROLLBACK, "restart", "run", ("systemctl", "restart", "journald")),
        ),
        "ab" * 32,
        "cd" * 32,
        1,
        "system",
        NOW - HOUR,
        NOW + 3 * HOUR,
        RunState.PROPOSED,
        RunReason.PROPOSED_WITH_INCIDENT,
        title={"en": "Vacuum the journal", "zh": "清理系统日志"},
    )
    return replace(run, **changes)
