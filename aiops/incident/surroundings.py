"""What is known around the anomalies of a round."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiops.incident.companions import Companions
from aiops.incident.spent import Spent


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around the anomalies of a round.

    Attributes:
        reach: Asset to those whose problems may be its own, itself among them.
        gap: Time within which related things begin.
        cell: Width of the round's cells.
        cells_per_week: Cells of all series of the installation in a week.
        series_of: Asset to how many series it has.
        false_per_week: Incidents without a cause that a team accepts in a week.
        minimum_effect: Part of the usual value below which a deviation is no evidence.
        companions: Which assets often fail together.
        ceilings: Metric to the value it cannot pass; what usually stands there is measured by
            its distance from it.
    """

    reach: Callable[[str], Sequence[str]] = lambda asset: (asset,)
    gap: timedelta = timedelta(minutes=15)
    cell: timedelta = timedelta(minutes=1)
    cells_per_week: float = 10_080.0
    series_of: Mapping[str, int] = field(default_factory=dict)
    false_per_week: float = 2.0
    minimum_effect: float = 0.0
    ceilings: Mapping[str, float] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    companions: Companions = field(default_factory=Companions)

    def related(self, asset: str, now: datetime) -> list[str]:
        """Returns the assets whose problems may be this one's, itself first."""
        return list(dict.fromkeys([*self.reach(asset), *self.companions.of(asset, now)]))

    def tie(self, asset: str, others: Iterable[str], now: datetime) -> tuple[str, int] | None:
        """Returns which of others an asset is related to by having failed together alone.

        None where the topology relates it to one of them.
        """
        known = set(others) - {asset}
        if not known or known & set(self.reach(asset)):
            return None
        often = self.companions.of(asset, now)
        best = max(known & often.keys(), key=lambda o: (often[o], o), default="")
        return (best, often[best]) if best else None
