"""The ipmi collector: every controller at once, through ipmitool."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.address import is_metadata
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from collectors._command import run
from collectors._hardware import take
from collectors.ipmi.sensors import Sensor, read_lines
from collectors.ipmi.settings import IpmiSettings

_PORT: Final = 623
_SHARE: Final = 0.9
# Thresholds cost a request for each sensor; they change when somebody changes them.
_LIMITS_EVERY: Final = 60


class IpmiCollector:
    """Asks some controllers; a program does it, so it lives in a worker."""

    def __init__(self, settings: IpmiSettings) -> None:
        if not settings.targets or not settings.username:
            raise ConfigError(["targets and username: both are needed"])
        self._settings = settings
        self._targets = dict(_split(target) for target in settings.targets)
        if len(self._targets) < len(settings.targets):
            raise ConfigError(["targets: an asset stands twice"])
        self._book = SeriesBook()
        self._runs: dict[str, int] = {}

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads the sensors of every controller once.

        Raises:
            Unreachable: Not one of them answered.
        """
        answers = asyncio.run(self._ask_all(deadline.total_seconds() * _SHARE))
        draft = Draft(self._book)
        at = to_stored_ns(until)
        problems: list[Unreachable] = []
        for host, answer in answers.items():
            if isinstance(answer, Unreachable):
                problems.append(answer)
                continue
            for found in read_lines(answer, limits=self._runs[host] == 0):
                if isinstance(found, Sensor):
                    take(draft, Asset(host), found.name, found.metric, found.value, at, found.told)
                else:
                    draft.drop(found)
            self._runs[host] = (self._runs[host] + 1) % _LIMITS_EVERY
        return draft.despite(problems, cursor, "no controller has a sensor with a reading")

    def discover(self) -> Inventory:
        """Returns the servers and their sensors."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no session between two collections."""

    async def _ask_all(self, seconds: float) -> dict[str, str | Unreachable]:
        room = asyncio.Semaphore(self._settings.at_once)
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds

        async def one(host: str) -> str | Unreachable:
            async with room:
                try:
                    return await self._ask(host, end - loop.time())
                except Unreachable as error:
                    return error

        answers = await asyncio.gather(*(one(host) for host in self._targets))
        return dict(zip(self._targets, answers, strict=True))

    async def _ask(self, asset: str, seconds: float) -> str:
        settings = self._settings
        host, port = self._targets[asset]
        limits = self._runs.setdefault(asset, 0) == 0
        command = [settings.program, "-I", "lanplus", "-H", host, "-p", str(port)]
        command += ["-U", settings.username, "-E", "-L", "USER", "-R", "1"]
        command += ["-N", str(settings.timeout_seconds)]
        command += ["-C", str(settings.cipher)] if settings.cipher else []
        command += ["-c", "sensor"] if limits else ["-c", "sdr", "elist", "full"]
        password = settings.password.reveal() if settings.password else ""
        done = await run(command, seconds, {"IPMI_PASSWORD": password})
        if done.stdout.strip():
            return done.stdout.decode("utf-8", "replace")
        words = done.stderr.decode("utf-8", "replace").strip()
        last = words.splitlines()[-1][:200] if words else f"ended with {done.code}"
        refused = any(word in words for word in ("RAKP", "password", "Unauthorized", "privilege"))
        if "Unable to establish" in last and not refused:
            last += " (no controller there, or another account, password or cipher)"
        raise Unreachable(f"{host}:{port}: {last}", "auth" if refused else "session")


def _split(target: str) -> tuple[str, tuple[str, int]]:
    asset, named, place = target.rpartition("=")
    host, colon, port = place.rpartition(":")
    if not colon:
        host, port = place, str(_PORT)
    sound = host and not host.startswith("-") and ":" not in host and "/" not in host
    if not sound or not port.isdigit() or not 0 < int(port) < 1 << 16 or (named and not asset):
        raise ConfigError([f"targets: {target!r}, expected host, host:port or asset=host:port"])
    if is_metadata(host):
        raise ConfigError([f"targets: {host} is a link-local address; these are never read"])
    return asset or host, (host, int(port))
