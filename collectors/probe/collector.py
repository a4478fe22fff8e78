"""The probe collector: every target once, all at the same time."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from aiops.contracts.book import SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError
from aiops.domain.address import is_metadata
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.series import SeriesKey
from collectors.probe.settings import ProbeSettings

DURATION: Final = Metric(
    "probe.duration", "s", bad_direction=Direction.UP, floor=0,
    description="Time until the connection stood, or the whole answer was there",
)  # fmt: skip
SUCCESS: Final = Metric(
    "probe.success", "1", bad_direction=Direction.DOWN, floor=0, ceiling=1,
    description="1 when the service answered as it should, else 0",
)  # fmt: skip
STATUS: Final = Metric(
    "probe.http.status_code", "1", bad_direction=Direction.UP,
    description="Status code of the answer",
)  # fmt: skip
_MARGIN_SECONDS: Final = 1.0
_MAX_BODY: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one probe found; without an answer there is no duration."""

    success: bool
    seconds: float | None = None
    status: int | None = None


class ProbeCollector:
    """Asks some services."""

    def __init__(self, settings: ProbeSettings) -> None:
        self._settings = settings
        self._targets = {target: _check(target) for target in settings.targets}
        self._book = SeriesBook()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Asks every service once; one that does not answer is a finding, not an error."""
        whole = deadline.total_seconds()
        seconds = min(self._settings.timeout_seconds, max(whole - _MARGIN_SECONDS, whole / 2))
        answers = asyncio.run(self._ask_all(seconds))
        rows: list[int] = []
        values: list[float] = []
        for parts, answer in zip(self._targets.values(), answers, strict=True):
            for metric, value in (
                (SUCCESS, float(answer.success)),
                (DURATION, answer.seconds),
                (STATUS, answer.status),
            ):
                if value is not None:
                    rows.append(self._row(parts, metric))
                    values.append(float(value))
        at = to_stored_ns(until)
        return Collection(self._book.batch(rows, [at] * len(rows), values), cursor)

    def discover(self) -> Inventory:
        """Returns the services."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no connection between two collections."""

    def _row(self, parts: SplitResult, metric: Metric) -> int:
        asset = Asset(parts.netloc, "service")
        place = parts.path + (f"?{parts.query}" if parts.query else "")
        labels = {"path": place} if place not in {"", "/"} else {}
        if metric is SUCCESS:
            self._book.limit(Limit(SUCCESS.name, Direction.DOWN, 0.0, None, asset.key))
        return self._book.row(SeriesKey.of(asset.key, metric.name, labels), metric, asset)

    async def _ask_all(self, seconds: float) -> list[_Answer]:
        async with httpx.AsyncClient(
            verify=self._settings.verify, trust_env=False, follow_redirects=False, timeout=seconds
        ) as client:
            return await asyncio.gather(
                *(self._ask(client, url, parts, seconds) for url, parts in self._targets.items())
            )

    async def _ask(
        self, client: httpx.AsyncClient, url: str, parts: SplitResult, seconds: float
    ) -> _Answer:
        began = perf_counter()
        try:
            async with asyncio.timeout(seconds):
                if parts.scheme == "tcp":
                    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
                    taken = perf_counter() - began
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()
                    return _Answer(True, taken)
                status = await _get(client, url)
        except (OSError, httpx.HTTPError):  # a TimeoutError is an OSError
            return _Answer(False)
        good = status < self._settings.success_below
        return _Answer(good, perf_counter() - began, status)


async def _get(client: httpx.AsyncClient, url: str) -> int:
    size = 0
    async with client.stream("GET", url) as response:
        async for chunk in response.aiter_raw(1 << 16):
            size += len(chunk)
            if size > _MAX_BODY:
                break
        return response.status_code


def _check(target: str) -> SplitResult:
    wrong = f"targets: {target!r}, expected tcp://host:port, http://… or https://…"
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError as error:
        raise ConfigError([f"{wrong} ({error})"]) from error
    if parts.scheme not in {"tcp", "http", "https"} or not parts.hostname:
        raise ConfigError([wrong])
    if parts.scheme == "tcp" and port is None:
        raise ConfigError([f"{wrong}: the port is missing"])
    if parts.username is not None:
        raise ConfigError([f"targets: {parts.hostname}: no account in the address, please"])
    if is_metadata(parts.hostname):
        raise ConfigError(
            [f"targets: {parts.hostname} is a link-local or metadata address; never read"]
        )
    return parts
