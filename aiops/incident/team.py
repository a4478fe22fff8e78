"""Who gets an incident: the owner where one is known, else what was learnt, else nobody."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from aiops.contracts.dispatcher import Dispatcher
from aiops.domain.asset import Asset
from aiops.domain.incident import Incident

FEWEST: Final = 50
"""Closed incidents that people have assigned before anything is learnt from them."""
PRECISION: Final = 0.95
"""Share of what a model says that must be right, where nothing else is set."""


@dataclass(slots=True)
class Teams:
    """Assigns new incidents, and learns once a day from those that people have assigned.

    Attributes:
        given: A dispatcher learnt from past tickets (``aiops try dispatch fit``), if there is one.
        precision: Share of its assignments that must be right; below it a person decides.
    """

    given: Dispatcher | None = None
    precision: float = PRECISION
    _learnt: Dispatcher | None = None
    _day: date | None = None
    _count: int = field(default=0)

    def learn(
        self, past: Iterable[Incident], asset_of: Callable[[str], Asset], now: datetime
    ) -> None:
        """Learns anew on a new day if more incidents are known by then."""
        if self.given is not None or self._day == now.date():
            return
        self._day = now.date()
        known = [i for i in past if not i.is_open and i.assignee and not i.owner]
        if len(known) < FEWEST or len(known) == self._count:
            return
        from aiops.incident.dispatch.model import fit

        rows = [row_of(incident, asset_of(incident.asset)) for incident in known]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        self._learnt = fit(columns, [incident.assignee for incident in known])
        self._count = len(known)

    def assign(self, incident: Incident, asset: Asset) -> Incident:
        """Returns the incident with its team, and in the evidence how that was found."""
        if incident.owner:
            return _told(incident, {"team": incident.owner, "by": "owner"})
        model = self.given or self._learnt
        if model is None:
            return incident
        columns = {name: [value] for name, value in row_of(incident, asset).items()}
        answer = model.assign(columns, self.precision)
        found = {
            "team": answer.label[0],
            "second": answer.second[0],
            "confidence": round(float(answer.confidence[0]), 3),
            "by": "abstained" if answer.abstained[0] else "model",
        }
        told = _told(incident, found)
        return told if answer.abstained[0] else replace(told, owner=answer.label[0])


def _told(incident: Incident, found: Mapping[str, Any]) -> Incident:
    return replace(incident, evidence={**incident.evidence, "dispatch": dict(found)})


def row_of(incident: Incident, asset: Asset) -> dict[str, str]:
    """Returns what models of past tickets are asked with."""
    return {
        "description": incident.sentence.get("en", ""),
        "asset": incident.asset,
        "kind": asset.kind,
        "site": asset.site,
        "service": asset.service,
        "signal": incident.series.metric,
        "cause": incident.causes[0].asset if incident.causes else "",
    }
