"""The netdata collector: which hosts there are, then the newest value of every chart."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import quote

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import Unreachable
from aiops.domain.asset import Asset
from collectors._web.access import authorization, tls_context
from collectors._web.document import fetch_json
from collectors._web.fetch import check_url
from collectors.netdata.charts import read, read_chart
from collectors.netdata.settings import NetdataSettings

_SECOND_NS: Final = 10**9


class NetdataCollector:
    """Reads one agent, and the hosts that stream to it."""

    def __init__(self, settings: NetdataSettings) -> None:
        check_url(settings.url)
        self._settings = settings
        self._book = SeriesBook()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads every host once.

        Raises:
            Unreachable: The agent does not answer, or none of its hosts.
        """
        ends = until + deadline
        hosts = self._hosts(deadline.total_seconds())
        draft = Draft(self._book)
        self._book.trim()
        problem: Unreachable | None = None
        share = (ends - until).total_seconds() / (len(hosts) + 1)
        for host in hosts:
            try:
                told = self._ask(
                    f"/host/{quote(host, safe='')}/api/v1/allmetrics?format=json", share
                )
            except Unreachable as error:
                problem = error
                draft.drop(error.kind)
                continue
            self._take(draft, host, told)
        if not len(draft):
            raise problem or Unreachable(f"{self._settings.url}: no chart has a value yet", "empty")
        return draft.collection(cursor)

    def discover(self) -> Inventory:
        """Returns hosts, volumes, disks and interfaces."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no connection between two collections."""

    def _hosts(self, seconds: float) -> list[str]:
        info = self._ask("/api/v1/info", seconds / 2)
        names = info.get("mirrored_hosts")
        if not isinstance(names, list):
            raise Unreachable(f"{self._settings.url}: not an agent of Netdata", "format")
        wanted = self._settings.hosts
        found = [
            name
            for name in names
            if isinstance(name, str) and any(fnmatchcase(name, pattern) for pattern in wanted)
        ]
        if not found:
            words = f"{self._settings.url}: none of its {len(names)} hosts is named in hosts"
            raise Unreachable(words, "empty")
        return found

    def _take(self, draft: Draft, host: str, told: Mapping[str, Any]) -> None:
        whole = Asset(host)
        for name, one in told.items():
            chart = read_chart(name, one)
            updated = one.get("last_updated") if chart is not None else None
            if chart is None or not isinstance(updated, int | float):
                draft.drop("format")
                continue
            at = int(updated) * _SECOND_NS
            for reading in read(whole, chart, self._settings) if at > 0 else ():
                draft.add(
                    reading.metric,
                    reading.assets,
                    reading.value,
                    at,
                    dict(reading.labels),
                    fail=reading.fail,
                    warn=reading.warn,
                )

    def _ask(self, path: str, seconds: float) -> Mapping[str, Any]:
        settings = self._settings
        answer = fetch_json(
            settings.url.rstrip("/") + path,
            authorization(settings),
            tls_context(settings),
            seconds,
            settings.max_body_bytes,
        )
        if not isinstance(answer, Mapping):
            raise Unreachable(f"{settings.url}: not an agent of Netdata", "format")
        return answer
