"""How far an installation has come: basics → optimised → intelligent, each step measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiops.domain.incident import Incident, IncidentState, Stage
from aiops.domain.run import RunState
from aiops.learn.background import Background
from aiops.learn.figure import ENOUGH
from aiops.learn.ladder import Proposal
from aiops.learn.verdict import ended, judged

LEVELS: Final = ("basics", "optimised", "intelligent")
_TAKEN: Final = frozenset({IncidentState.ACKNOWLEDGED, IncidentState.PLANNED})


@dataclass(frozen=True, slots=True)
class Check:
    """One measured step.

    Attributes:
        value: None when it is not measurable yet.
    """

    level: str
    name: str
    value: float | None
    wanted: float

    def plain(self) -> dict[str, Any]:
        """Returns it as plain values."""
        return {
            "level": self.level,
            "name": self.name,
            "value": self.value,
            "wanted": self.wanted,
            "reached": self.value is not None and self.value >= self.wanted,
        }


def maturity(
    incidents: Sequence[Incident],
    figures: Mapping[str, Any],
    targets: Mapping[str, Any],
    services: Sequence[Mapping[str, Any]],
    proposals: Sequence[Proposal],
    background: Background,
) -> dict[str, Any]:
    """Returns every check, the level that is reached whole, and the next step.

    Args:
        figures: Figure by name, of all methods together.
    """
    checks = [
        *_basics(incidents, background),
        *_optimised(incidents, targets, services),
        *_intelligent(figures, targets, proposals, background),
    ]
    rows = [check.plain() for check in checks]
    level = ""
    for name in LEVELS:
        if not all(row["reached"] for row in rows if row["level"] == name):
            break
        level = name
    upcoming = next((row for row in rows if not row["reached"]), None)
    return {"level": level, "next": upcoming["name"] if upcoming else "", "checks": rows}


def _basics(incidents: Sequence[Incident], background: Background) -> list[Check]:
    assets = background.assets.values()
    told = [each for each in incidents if each.stage is Stage.ACT]
    taken = [each for each in told if any(t.state in _TAKEN for t in each.transitions)]
    assessed = {risk.asset for risk in background.risks if risk.value is not None}
    hosts = {each.parent or each.key for each in assets}
    covered = {background.assets[k].parent or k for k in assessed if k in background.assets}
    return [
        Check("basics", "assets_watched", float(len(assets)), 1.0),
        Check("basics", "assets_assessed", _share(len(covered & hosts), len(hosts)), 0.5),
        Check(
            "basics", "assets_owned", _share(sum(bool(a.owner) for a in assets), len(assets)), 0.9
        ),
        Check("basics", "incidents_with_ticket", _share(_with(told, background), len(told)), 0.9),
        Check("basics", "incidents_taken", _share(len(taken), len(told)), 0.8),
    ]


def _optimised(
    incidents: Sequence[Incident],
    targets: Mapping[str, Any],
    services: Sequence[Mapping[str, Any]],
) -> list[Check]:
    over = ended(incidents)
    said = judged(incidents)
    priced = sum(bool(row["price_is_own"] and row["owner"]) for row in services)
    return [
        Check("optimised", "predictions_judged", float(len(said)), float(ENOUGH)),
        Check("optimised", "outcomes_confirmed", _share(len(said), len(over)), 0.5),
        Check("optimised", "services_priced", _share(priced, len(services)), 0.9),
        Check("optimised", "before_imported", float(targets["before"] is not None), 1.0),
        Check("optimised", "satisfaction_measured", _known(targets["satisfaction"]), 1.0),
    ]


def _intelligent(
    figures: Mapping[str, Any],
    targets: Mapping[str, Any],
    proposals: Sequence[Proposal],
    background: Background,
) -> list[Check]:
    precision = figures.get("precision")
    acting = [p for p in proposals if p.stage is Stage.ACT]
    done = [r for r in background.runs if r.state is RunState.SUCCEEDED and r.verified]
    by_itself = [run for run in done if run.needed == 0]
    return [
        Check("intelligent", "precision_proven", precision["low"] if precision else None, 0.7),
        Check("intelligent", "methods_that_act", float(len(acting)), 1.0),
        Check("intelligent", "runs_verified", float(len(done)), 20.0),
        Check("intelligent", "runs_by_themselves", float(len(by_itself)), 1.0),
        *(
            Check("intelligent", f"target_{name}", _reached(targets[name]), 1.0)
            for name in ("response_time", "satisfaction", "cost")
        ),
    ]


def _with(incidents: Sequence[Incident], background: Background) -> int:
    return sum(each.key in background.ticketed for each in incidents)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _known(target: Mapping[str, Any]) -> float:
    return float(target["change"] is not None)


def _reached(target: Mapping[str, Any]) -> float | None:
    return None if target["change"] is None else float(target["reached"])
