"""Which runbooks go with an incident, and how many people each needs."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from aiops.automate.runbook import Runbook
from aiops.automate.settings import AutomateSettings
from aiops.domain.asset import Asset
from aiops.domain.incident import Incident, Stage
from aiops.domain.run import Tier

PEOPLE: Mapping[Tier, int] = {Tier.LOW: 1, Tier.MEDIUM: 1, Tier.HIGH: 2}
"""How many must agree; a proven and allowed runbook of low risk needs nobody."""


def fits(runbook: Runbook, incident: Incident, asset: Asset | None) -> bool:
    """Whether a runbook is for an incident."""
    kind = asset.kind if asset is not None else ""
    category = str(incident.evidence.get("category", ""))
    wanted = runbook.match
    return (
        _any(wanted.metrics, incident.series.metric)
        and _any(wanted.kinds, kind)
        and _any(wanted.categories, category)
        and _any(wanted.assets, incident.asset)
    )


def is_told(incident: Incident) -> bool:
    """Whether people are told of an incident at all: nothing is proposed in the shadow."""
    return incident.is_open and incident.stage is not Stage.SHADOW


def people_needed(
    runbook: Runbook, incident: Incident, settings: AutomateSettings, verified: int
) -> int:
    """Returns how many people must agree before a proposal of the system runs.

    Nobody, when the tier is low, the runbook checks itself, has worked often enough, an entry
    of ``automate.allow`` names it for the asset, and the prediction may act.

    Args:
        verified: Verified successes of exactly this edition.
    """
    allowed = any(
        entry.runbook == runbook.name and fnmatchcase(incident.asset, entry.asset)
        for entry in settings.allow
    )
    proven = bool(runbook.verify) and verified >= settings.proven_after
    if runbook.tier is Tier.LOW and allowed and proven and incident.stage is Stage.ACT:
        return 0
    return PEOPLE[runbook.tier]


def _any(patterns: Iterable[str], text: str) -> bool:
    listed = list(patterns)
    return not listed or any(fnmatchcase(text, pattern) for pattern in listed)
