"""Who is in the fleet: assets, what each suffers from, and when it first fails."""

from dataclasses import dataclass
from enum import StrEnum

from aiops.domain.asset import Asset, Location
from aiops.domain.metric import Direction, Limit

DAY = 86_400.0


class Ailment(StrEnum):
    """What goes wrong with a thing, again and again."""

    DISK = "disk"
    LOGS = "logs"
    LEAK = "leak"
    THERMAL = "thermal"
    BEARING = "bearing"
    CERTIFICATE = "certificate"
    LINK = "link"
    HEALTHY_VOLUME = "healthy_volume"
    HEALTHY_LOGS = "healthy_logs"
    HEALTHY_HOST = "healthy_host"


@dataclass(frozen=True, slots=True)
class Thing:
    """One simulated thing.

    Attributes:
        period: Simulated seconds from one repair to the next.
        first_failure: Simulated seconds after the start at which it surely fails.
    """

    asset: Asset
    ailment: Ailment
    number: int
    period: float
    first_failure: float

    @property
    def degrades(self) -> bool:
        """Whether it ever fails."""
        return not self.ailment.value.startswith("healthy")


@dataclass(frozen=True, slots=True)
class _Kind:
    host: str
    part: str
    kind: str
    site: str
    location: Location
    owner: str
    service: str
    criticality: float
    days: float


_CLOUD, _ON_PREM, _EDGE = Location.CLOUD, Location.ON_PREM, Location.EDGE
_KINDS: dict[Ailment, _Kind] = {
    Ailment.DISK: _Kind(
        "db", "volume:/data", "volume", "Frankfurt", _ON_PREM, "dba", "demo-payments", 0.9, 4
    ),
    Ailment.LEAK: _Kind("app", "", "host", "Dublin", _CLOUD, "shop", "demo-shop", 0.7, 3),
    Ailment.BEARING: _Kind("pump", "", "pump", "Plant 2", _EDGE, "plant", "demo-factory", 0.8, 10),
    Ailment.HEALTHY_VOLUME: _Kind(
        "file", "volume:/srv", "volume", "Frankfurt", _ON_PREM, "office", "demo-office", 0.3, 4
    ),
    Ailment.LOGS: _Kind(
        "web", "volume:/var/log", "volume", "Dublin", _CLOUD, "shop", "demo-shop", 0.6, 6
    ),
    Ailment.THERMAL: _Kind(
        "rack", "sensor:inlet", "sensor", "Plant 2", _EDGE, "plant", "demo-factory", 0.7, 3
    ),
    Ailment.HEALTHY_HOST: _Kind("vm", "", "host", "Dublin", _CLOUD, "shop", "demo-shop", 0.5, 4),
    Ailment.CERTIFICATE: _Kind(
        "gate", "certificate:tls", "certificate", "Dublin", _CLOUD, "web", "demo-shop", 0.8, 16
    ),
    Ailment.LINK: _Kind(
        "switch",
        "interface:uplink",
        "interface",
        "Shanghai",
        _ON_PREM,
        "net",
        "demo-office",
        0.6,
        7,
    ),
    Ailment.HEALTHY_LOGS: _Kind(
        "mail", "volume:/var/log", "volume", "Frankfurt", _ON_PREM, "office", "demo-office", 0.3, 4
    ),
}
_ZONES = {
    "Frankfurt": "Europe/Berlin",
    "Plant 2": "Europe/Berlin",
    "Dublin": "Europe/Dublin",
    "Shanghai": "Asia/Shanghai",
}

# Failure limits. Source: ISO 20816-3 zone boundaries B/C 4.5 and C/D 7.1 mm/s for vibration;
# ASHRAE-class equipment shuts down near 90 Cel at its hot spot; the rest are full or over.
LIMITS: dict[Ailment, tuple[str, Direction, float, float]] = {
    Ailment.DISK: ("system.filesystem.utilization", Direction.UP, 1.0, 0.9),
    Ailment.LOGS: ("system.filesystem.utilization", Direction.UP, 1.0, 0.9),
    Ailment.HEALTHY_VOLUME: ("system.filesystem.utilization", Direction.UP, 1.0, 0.9),
    Ailment.HEALTHY_LOGS: ("system.filesystem.utilization", Direction.UP, 1.0, 0.9),
    Ailment.LEAK: ("system.memory.utilization", Direction.UP, 1.0, 0.95),
    Ailment.HEALTHY_HOST: ("system.memory.utilization", Direction.UP, 1.0, 0.95),
    Ailment.THERMAL: ("hw.temperature", Direction.UP, 90.0, 80.0),
    Ailment.BEARING: ("machine.vibration.velocity", Direction.UP, 7.1, 4.5),
    Ailment.CERTIFICATE: ("tls.certificate.time_left", Direction.DOWN, 0.0, 7.0),
    Ailment.LINK: ("hw.network.bandwidth.utilization", Direction.UP, 0.95, 0.8),
}


def build_fleet(count: int, speed: float) -> tuple[tuple[Thing, ...], tuple[Asset, ...]]:
    """Returns the things, and the assets of hosts that only carry one of them."""
    things: list[Thing] = []
    hosts: dict[str, Asset] = {}
    failing = 0
    for number in range(count):
        ailment = list(_KINDS)[number % len(_KINDS)]
        kind = _KINDS[ailment]
        index = number // len(_KINDS) + 1
        host = f"demo-{kind.host}-{index:02d}"
        if kind.part:
            hosts[host] = _asset(kind, host, "host", "")
        key = f"{host}/{kind.part}" if kind.part else host
        period = kind.days * DAY * (1 + 0.1 * (index % 3))
        # One after the other from 2 real minutes on; those whose turn is late fail before, too.
        first = (120.0 + 80.0 * failing) * speed
        thing = Thing(
            _asset(kind, key, kind.kind, host if kind.part else ""), ailment, number, period, first
        )
        failing += thing.degrades
        things.append(thing)
    return tuple(things), tuple(hosts.values())


def limit_of(thing: Thing) -> Limit:
    """Returns where a thing counts as failed."""
    metric, direction, fail, warn = LIMITS[thing.ailment]
    return Limit(metric, direction, fail, warn, thing.asset.key)


def _asset(kind: _Kind, key: str, what: str, parent: str) -> Asset:
    return Asset(
        key,
        what,
        f"{key.removeprefix('demo-')} (simulated)",
        kind.site,
        kind.location,
        _ZONES[kind.site],
        kind.criticality,
        kind.owner,
        kind.service,
        parent,
    )
