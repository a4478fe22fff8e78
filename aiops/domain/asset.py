"""What can fail, what the business pays for, and how they hang together."""

from dataclasses import dataclass, field
from enum import StrEnum


class Location(StrEnum):
    """Where an asset runs."""

    ON_PREM = "on_prem"
    CLOUD = "cloud"
    EDGE = "edge"


@dataclass(frozen=True, slots=True)
class Asset:
    """A thing that can fail.

    What can fill or fail by itself (a volume, an interface, a pod) is an asset of its
    own with a ``parent``; labels are only for dimensions that cannot.

    Attributes:
        key: Stable, unique name, for example ``db-07`` or ``db-07/volume:/data``.
        criticality: Impact of its failure, 0 (none) to 1 (the business stops).
        time_zone: IANA name; days and weeks are counted in it.
        depends_on: Keys of assets whose failure makes this one fail.
    """

    key: str
    kind: str = "host"
    name: str = ""
    site: str = ""
    location: Location = Location.ON_PREM
    time_zone: str = "UTC"
    criticality: float = 0.5
    owner: str = ""
    service: str = ""
    parent: str = ""
    depends_on: tuple[str, ...] = ()

    @property
    def display(self) -> str:
        """The name shown to people."""
        return self.name or self.key


@dataclass(frozen=True, slots=True)
class Service:
    """What the business pays for; the risk of its assets rolls up to it.

    Attributes:
        price_per_hour: Cost of one hour of downtime, in the installation's currency.
        objective: Share of time it must work (SLO), 0 to 1; the rest is its error budget.
    """

    key: str
    name: str = ""
    owner: str = ""
    price_per_hour: float = 0.0
    objective: float = 0.99


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` depends on ``target``, or runs on it."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking: every query is filtered by it in one place.

    An empty set means "all" only when ``everything`` is true, so that a forgotten
    argument shows nothing rather than too much.

    >>> Viewer(teams=frozenset({"dba"})).may_see(Asset("db-07", owner="dba"))
    True
    >>> Viewer().may_see(Asset("db-07"))
    False
    """

    name: str = ""
    everything: bool = False
    teams: frozenset[str] = field(default_factory=frozenset)
    sites: frozenset[str] = field(default_factory=frozenset)

    def may_see(self, asset: Asset) -> bool:
        """Whether this viewer's scope holds the asset."""
        return self.everything or asset.owner in self.teams or asset.site in self.sites


SYSTEM = Viewer(name="system", everything=True)
