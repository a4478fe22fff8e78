"""The redfish collector: from the root to the sensors of every chassis and the drives."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import Unreachable
from aiops.domain.asset import Asset
from aiops.domain.identity import IdentityKind, identify
from aiops.domain.instant import to_stored_ns
from collectors._hardware import take
from collectors._web.access import authorization, tls_context
from collectors._web.document import fetch_json
from collectors._web.fetch import check_url
from collectors.redfish.resources import (
    HEALTH,
    HEALTH_WARN,
    LIFE_LEFT,
    PREDICTED,
    Resource,
    Sensor,
    health,
    is_there,
    number,
    read_power,
    read_sensor,
    read_thermal,
    rows,
)
from collectors.redfish.settings import RedfishSettings

_KNOWN_BY: Final = {
    "SerialNumber": IdentityKind.SERIAL,
    "UUID": IdentityKind.UUID,
    "HostName": IdentityKind.NAME,
}
_SHARE: Final = 0.9
# Without these three there is nothing to be read of a controller.
_FATAL: Final = frozenset({"auth", "tls", "refused", "dns", "redirect"})


class RedfishCollector:
    """Reads one controller."""

    def __init__(self, settings: RedfishSettings) -> None:
        check_url(settings.url)
        self._settings = settings
        self._asset = settings.asset or urlsplit(settings.url).netloc
        self._context = tls_context(settings)
        self._book = SeriesBook()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Walks the controller's resources once.

        Raises:
            Unreachable: It does not answer, refuses us, or has nothing to be read.
        """
        seconds = deadline.total_seconds() * _SHARE
        walk = _Walk(self, Draft(self._book), time.monotonic() + seconds)
        walk.at = to_stored_ns(until)
        root = walk.get("/redfish/v1/")
        if not any(name in root for name in ("Chassis", "Systems")):
            raise Unreachable(f"{self._settings.url}: not a Redfish service", "format")
        self._read_chassis(walk, root)
        self._read_systems(walk, root)
        if not len(walk.draft):
            raise walk.problem or Unreachable(
                f"{self._settings.url}: no part of it has a reading", "empty"
            )
        return walk.draft.collection(cursor)

    def discover(self) -> Inventory:
        """Returns the server, its sensors and its drives."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no session between two collections."""

    def ask(self, path: str, seconds: float) -> Resource:
        """Reads one resource.

        Raises:
            Unreachable: It cannot be had, or is none.
        """
        settings = self._settings
        told = fetch_json(
            settings.url.rstrip("/") + path,
            {"OData-Version": "4.0", **authorization(settings)},
            self._context,
            seconds,
            settings.max_body_bytes,
        )
        if not isinstance(told, dict):
            raise Unreachable(f"{settings.url}{path}: not a resource of Redfish", "format")
        return told

    @property
    def max_requests(self) -> int:
        """How many resources a collection may read."""
        return self._settings.max_requests

    def _read_chassis(self, walk: "_Walk", root: Resource) -> None:
        found = list(walk.members(root, "Chassis"))
        for chassis in found:
            whole = Asset(self._asset)
            if len(found) > 1:
                key = f"{self._asset}/chassis:{chassis.get('Id')}"
                whole = Asset(key, "chassis", parent=self._asset)
            self._health(walk, whole, chassis)
            sensors: list[Sensor] = []
            for link, read in _PARTS.items():
                part = walk.follow(chassis, link)
                sensors += read(part) if part is not None else ()
            if not sensors:
                for each in walk.members(chassis, "Sensors"):
                    sensors += read_sensor(each)
            for one in sensors:
                take(walk.draft, whole, one.name, one.metric, one.value, walk.at, one.told)

    def _read_systems(self, walk: "_Walk", root: Resource) -> None:
        systems = list(walk.members(root, "Systems"))
        if len(systems) == 1:  # with several, none of them is the whole
            self._identify(systems[0])
        for system in systems:
            self._health(walk, Asset(self._asset), system)
            if not self._settings.drives:
                continue
            for storage in walk.members(system, "Storage"):
                for row in rows(storage, "Drives"):
                    drive = walk.get_or_none(row.get("@odata.id"))
                    if drive is not None and is_there(drive):
                        self._read_drive(walk, drive)

    def _identify(self, system: Resource) -> None:
        """Takes note of by what the server is known to other sources.

        Source: DMTF DSP0268, ComputerSystem: SerialNumber, UUID, HostName.
        """
        for name, kind in _KNOWN_BY.items():
            self._book.know(identify(self._asset, kind, str(system.get(name) or "")))

    def _read_drive(self, walk: "_Walk", drive: Resource) -> None:
        name = drive.get("SerialNumber") or drive.get("Id")
        key = f"{self._asset}/disk:{name}"
        own = Asset(key, "disk", f"{self._asset} {drive.get('Name')}"[:200], parent=self._asset)
        self._health(walk, own, drive)
        assets = Asset(self._asset), own
        left = number(drive, "PredictedMediaLifeLeftPercent")
        if left is not None:
            walk.draft.add(LIFE_LEFT, assets, left / 100, walk.at, fail=0.0, warn=0.1)
        predicted = drive.get("FailurePredicted")
        if isinstance(predicted, bool):
            walk.draft.add(PREDICTED, assets, float(predicted), walk.at, fail=1.0)

    def _health(self, walk: "_Walk", own: Asset, resource: Resource) -> None:
        value = health(resource)
        if value is None or not is_there(resource):
            return
        kind = str(resource.get("@odata.type", "")).partition(".")[0].lstrip("#")
        whole = (Asset(own.parent),) if own.parent else ()
        labels = {"hw.type": kind} if kind else {}
        walk.draft.add(HEALTH, (*whole, own), value, walk.at, labels, fail=0.0, warn=HEALTH_WARN)


class _Walk:
    """One collection: what one resource costs is taken from the time of all."""

    def __init__(self, collector: RedfishCollector, draft: Draft, end: float) -> None:
        self._collector = collector
        self._end = end
        self._asked = 0
        self.draft = draft
        self.at = 0
        self.problem: Unreachable | None = None

    def get(self, path: str) -> Resource:
        """Reads a resource.

        Raises:
            Unreachable: It cannot be had.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unreachable(f"{path}: no time left for it", "timeout")
        if self._asked >= self._collector.max_requests:
            raise Unreachable(f"{path}: beyond max_requests", "limit")
        self._asked += 1
        return self._collector.ask(path, left)

    def get_or_none(self, path: object) -> Resource | None:
        """Reads a resource whose failure costs no other.

        Raises:
            Unreachable: The controller itself cannot be had.
        """
        # Only paths of this service: what a controller answers never names another host.
        if not isinstance(path, str) or not path.startswith("/redfish/") or ".." in path:
            self.draft.drop("format")
            return None
        try:
            return self.get(path)
        except Unreachable as error:
            if error.kind in _FATAL and not len(self.draft):
                raise
            self.problem = error
            self.draft.drop(error.kind)
            return None

    def follow(self, resource: Resource, link: str) -> Resource | None:
        """Reads what a resource points to; None where it does not."""
        target = resource.get(link)
        if not isinstance(target, dict) or "@odata.id" not in target:
            return None
        return self.get_or_none(target["@odata.id"])

    def members(self, resource: Resource, link: str) -> Iterator[Resource]:
        """Yields the members of the collection that a resource points to."""
        listed = self.follow(resource, link)
        for row in rows(listed, "Members") if listed is not None else ():
            member = self.get_or_none(row.get("@odata.id"))
            if member is not None:
                yield member


_PARTS: Final[dict[str, Callable[[Resource], Iterator[Sensor]]]] = {
    "Thermal": read_thermal,
    "Power": read_power,
}
