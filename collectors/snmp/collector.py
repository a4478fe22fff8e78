"""The snmp collector: every agent at once, then tables to samples."""

import asyncio
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from pysnmp.hlapi.v3arch import asyncio as snmp

from aiops.contracts.book import SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.address import is_metadata
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from aiops.domain.metric import Limit
from aiops.domain.series import SeriesKey
from collectors.snmp.neighbours import DEEP, RAW, SCALARS, find_links, identify_agent
from collectors.snmp.reading import Reading
from collectors.snmp.settings import SnmpSettings, Version
from collectors.snmp.tables import TABLES, Wraps, read, uptime_of
from collectors.snmp.transport import count_strangers
from collectors.snmp.walk import Wanted, credentials, walk_all

_PORT: Final = 161
_SHARE: Final = 0.9
_LOOK_SECONDS: Final = 3600.0


class SnmpCollector:
    """Asks some agents; the library may block, so it lives in a worker."""

    def __init__(self, settings: SnmpSettings) -> None:
        if settings.version is Version.V3 and not settings.username:
            raise ConfigError(["username: version 3 needs one"])
        if settings.version is Version.V3 and settings.privacy_password and not settings.password:
            raise ConfigError(["password: privacy without authentication is not possible"])
        self._settings = settings
        self._targets = {_name(target): _split(target) for target in settings.targets}
        self._book = SeriesBook()
        self._wraps = Wraps({}, {}, {})
        self._looked_at: float | None = None
        self._looking: frozenset[str] = frozenset()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Any = None

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Walks the tables of every agent once.

        Raises:
            Unreachable: Not one of them answered.
        """
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._engine = self._loop.run_until_complete(_make_engine())
        answers = self._loop.run_until_complete(
            walk_all(
                self._engine,
                credentials(self._settings),
                self._targets,
                self._wanted(),
                self._settings,
                deadline.total_seconds() * _SHARE,
            )
        )
        rows: list[int] = []
        values: list[float] = []
        dropped: Counter[str] = Counter()
        problems: list[Unreachable] = []
        if strangers := count_strangers(self._engine):
            dropped["stranger"] = strangers
        for host, found in answers.items():
            if isinstance(found, Unreachable):
                dropped[found.kind] += 1
                problems.append(found)
                continue
            if found.cut:
                dropped["limit"] += found.cut
            self._book.know(identify_agent(host, found))
            if host in self._looking:
                self._book.link(host, find_links(host, found))
            self._wraps.restarted(host, uptime_of(found))
            for reading in read(host, found, self._settings.skip_interfaces):
                value = reading.value
                if reading.narrow:
                    own = reading.asset.key, reading.metric.name, reading.labels
                    value = self._wraps.grown((host, own), value)
                rows.append(self._row(host, reading))
                values.append(value)
        # Neighbours are whole when every agent told its own, to the end.
        self._note_whole(whole=not problems and not dropped["limit"])
        if not rows:
            words = "; ".join(str(problem) for problem in problems[:5])
            kind = problems[0].kind if problems else "empty"
            raise Unreachable(words or "the agents have none of the tables that are read", kind)
        at = to_stored_ns(until)
        return Collection(self._book.batch(rows, [at] * len(rows), values), cursor, dropped)

    def discover(self) -> Inventory:
        """Returns hosts, volumes and interfaces."""
        return self._book.inventory()

    def close(self) -> None:
        """Closes the socket."""
        if self._loop is not None:
            self._engine.close_dispatcher()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()
            self._loop = None

    def _note_whole(self, *, whole: bool) -> None:
        if self._looking:
            self._book.say_whole(whole)

    def _wanted(self) -> Wanted:
        """Neighbours and serial numbers seldom change: they are asked for once an hour."""
        now = time.monotonic()
        if self._looked_at is not None and now - self._looked_at < _LOOK_SECONDS:
            self._looking = frozenset()
            return Wanted(TABLES, raw=RAW)
        self._looked_at, self._looking = now, frozenset(self._targets)
        return Wanted(TABLES, SCALARS, DEEP, RAW)

    def _row(self, host: str, reading: Reading) -> int:
        key = SeriesKey(reading.asset.key, reading.metric.name, reading.labels)
        known = self._book.find(key)
        if known is not None:
            return known
        if reading.fail is not None:
            limit = Limit.towards(reading.metric, key.asset, reading.fail, reading.warn)
            self._book.limit(limit)
        return self._book.row(key, reading.metric, Asset(host), reading.asset)


async def _make_engine() -> Any:
    return snmp.SnmpEngine()


def _name(target: str) -> str:
    host, port = _split(target)
    return host if port == _PORT else f"{host}:{port}"


def _split(target: str) -> tuple[str, int]:
    host, colon, port = target.rpartition(":")
    if not colon:
        host, port = target, str(_PORT)
    if not host or ":" in host or "/" in host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ConfigError([f"targets: {target!r}, expected host or host:port"])
    if is_metadata(host):
        raise ConfigError([f"targets: {host} is a link-local address; these are never read"])
    return host, int(port)
