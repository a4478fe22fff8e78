"""Where every method stands on the ladder: kept in the ledger, moved by what was measured."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from aiops.contracts.ledger import Ledger
from aiops.domain.asset import SYSTEM
from aiops.domain.incident import Stage
from aiops.learn.ladder import LadderRules, Place, Proposal, Rung, metric_kind, propose

RUNGS: Final = "ladder"
"""Name of the ledger's note that keeps them."""
WATCHED: Final = timedelta(days=60)
"""What opened longer ago says nothing of the method as it is today."""
_MOST: Final = 100_000


class Ladder:
    """Answers how far a method may go, and moves it when its record says so.

    Attributes:
        rungs: Where each method stands that has ever moved.
    """

    def __init__(self, ledger: Ledger, rules: LadderRules) -> None:
        self._ledger = ledger
        self._rules = rules
        self.rungs: Mapping[Place, Rung] = read_rungs(ledger.note(RUNGS))

    def stage_of(self, method: str, metric: str, team: str) -> Stage | None:
        """Returns the rung of a method; None while it has never moved."""
        rung = self.rungs.get((method, metric_kind(metric), team))
        return rung.stage if rung else None

    def move(self, now: datetime, fence: int | None) -> list[Proposal]:
        """Moves what has earned it, one rung each, audited; returns the moves."""
        self.rungs = read_rungs(self._ledger.note(RUNGS))
        start = now - WATCHED
        incidents = [
            each for each in self._ledger.incidents(SYSTEM, limit=_MOST) if start <= each.opened_at
        ]
        found = propose(incidents, self._rules, start, now, self.rungs)
        moves = [each for each in found if each.proposed is not each.stage]
        if not moves:
            return []
        rungs = dict(self.rungs)
        with self._ledger.begin(fence) as tx:
            for each in moves:
                place = (each.method, each.metric_kind, each.team)
                rungs[place] = Rung(each.proposed, now, each.why.value)
                subject = " ".join(filter(None, place))
                before = {"stage": each.stage.value}
                tx.audit(now, "system", "move on ladder", subject, before, each.plain())
            tx.put_note(RUNGS, _note(rungs))
        self.rungs = rungs
        return moves


def read_rungs(note: Mapping[str, Any]) -> dict[Place, Rung]:
    """Returns what the note holds, nothing of an empty one."""
    return {
        (row["method"], row["metric_kind"], row["team"]): Rung(
            Stage(row["stage"]), datetime.fromisoformat(row["since"]), row["why"]
        )
        for row in note.get("rungs", ())
    }


def _note(rungs: Mapping[Place, Rung]) -> dict[str, Any]:
    return {
        "rungs": [
            {
                "method": method,
                "metric_kind": kind,
                "team": team,
                "stage": rung.stage.value,
                "since": rung.since.isoformat(),
                "why": rung.why,
            }
            for (method, kind, team), rung in sorted(rungs.items())
        ]
    }
