"""Why nothing was said: each failure that no incident warned of, with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from aiops.domain.abstention import Abstention
from aiops.domain.event import Failure
from aiops.domain.forecast import REMAINING_LIFE
from aiops.domain.instant import from_ns, to_ns
from aiops.incident.settings import IncidentSettings
from aiops.replay.kept import Kept
from aiops.replay.report import Judged, World, longest_window


@dataclass(frozen=True, slots=True)
class Miss:
    """A failure without a warning.

    Attributes:
        reason: One of ``range_long``, ``too_early``, ``not_held``, ``below``, ``abstained``,
            ``no_limit``.
        facts: What the reason's sentence names.
        abstained: Why nothing was computed, for ``abstained``.
    """

    failure: Failure
    reason: str
    facts: Mapping[str, Any]
    abstained: Abstention = Abstention.NONE


def misses(
    judged: Sequence[Judged],
    kept: Kept,
    world: World,
    settings: IncidentSettings,
) -> list[Miss]:
    """Returns the failures that were missed, in order of time, each with its reason."""
    longest = longest_window(world)
    before = _Before(kept, world, longest)
    found = []
    for failure in sorted(world.failures, key=lambda f: (f.at, f.asset)):
        near = world.near(failure.asset)
        said = [j for j in judged if j.incident.asset in near and j.incident.predicted]
        if any(_warned(j, failure, settings.grace, longest) for j in said):
            continue
        found.append(_spoken(failure, said, longest) or before.silent(failure, settings))
    return found


def _warned(judged: Judged, failure: Failure, grace: timedelta, longest: timedelta) -> bool:
    incident, predicted = judged.incident, judged.incident.predicted
    return (
        predicted is not None
        and incident.opened_at < failure.at <= predicted.late + grace
        and predicted.late - incident.opened_at <= longest
    )


def _spoken(failure: Failure, said: Sequence[Judged], longest: timedelta) -> Miss | None:
    """An incident was open before it, and yet it warned of nothing."""
    earlier = [j for j in said if j.incident.opened_at < failure.at]
    earlier = [j for j in earlier if failure.at - j.incident.opened_at <= 2 * longest]
    if not earlier:
        return None
    incident = max(earlier, key=lambda j: j.incident.opened_at).incident
    predicted = incident.predicted
    if predicted is None:
        return None
    days = (predicted.late - incident.opened_at) / timedelta(days=1)
    if predicted.late - incident.opened_at > longest:
        most = longest / timedelta(days=1)
        return Miss(
            failure, "range_long", {"opened": incident.opened_at, "days": days, "most": most}
        )
    return Miss(failure, "too_early", {"opened": incident.opened_at, "late": predicted.late})


class _Before:
    """What was forecast of an asset shortly before its failure."""

    def __init__(self, kept: Kept, world: World, longest: timedelta) -> None:
        self.kept, self.world, self.longest = kept, world, longest
        self.origin, self.claim = kept.origin, kept.claim
        self.probability, self.reason = kept.probability, kept.reason
        self.claims_of: dict[str, list[int]] = {}
        for place, claim in enumerate(kept.claims):
            self.claims_of.setdefault(claim.series.asset, []).append(place)

    def silent(self, failure: Failure, settings: IncidentSettings) -> Miss:
        """Nothing was open before it: what stood in the way?"""
        near = self.world.near(failure.asset)
        places = [place for asset in near for place in self.claims_of.get(asset, ())]
        end = to_ns(failure.at)
        start = to_ns(failure.at - self.longest)
        rows = np.flatnonzero(
            np.isin(self.claim, places) & (self.origin < end) & (self.origin >= start)
        )
        if not len(rows):
            return Miss(failure, "no_limit", {"known": self._known(failure)})
        stated = self.probability[rows]
        if np.isfinite(stated).any():
            best = int(rows[np.nanargmax(stated)])
            highest = float(self.probability[best])
            facts = {
                "probability": highest,
                "at": self._at(best),
                "bar": settings.open_probability,
                "signal": self._signal(best),
                "hold": settings.hold,
            }
            held = highest >= settings.open_probability - 1e-6
            return Miss(failure, "not_held" if held else "below", facts)
        newest = int(rows[np.argmax(self.origin[rows])])
        facts = {"at": self._at(newest), "signal": self._signal(newest), "n": len(rows)}
        return Miss(failure, "abstained", facts, Abstention(int(self.reason[newest])))

    def _at(self, row: int) -> datetime:
        return from_ns(int(self.origin[row]))

    def _signal(self, row: int) -> str:
        series = self.kept.claims[int(self.claim[row])].series
        return "" if series.metric == REMAINING_LIFE else series.signal

    def _known(self, failure: Failure) -> int:
        """How many failures could be learnt from before this one."""
        return sum(other.at < failure.at for other in self.world.failures)
