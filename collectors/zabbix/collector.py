"""The zabbix collector: which items there are, then their history since the cursor."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from collectors._web.access import tls_context
from collectors._web.document import fetch_json
from collectors._web.fetch import check_url
from collectors.zabbix.items import Item, read_item
from collectors.zabbix.settings import ZabbixSettings

_TO: Final = "to"
_SHARE: Final = 0.9
_SECOND_NS: Final = 10**9
_PER_CALL: Final = 1_000
# Values that proxies and preprocessing bring late are looked for again; what comes twice is
# stored once.
_AGAIN: Final = 120
# Source: Zabbix 6.4, what's new: the token goes into the header; the member is gone in 7.2.
_HEADER_FROM: Final = (6, 4)
_REFUSALS: Final = ("Not authori", "No permissions", "re-login", "API token", "Session terminated")


class ZabbixCollector:
    """Reads one Zabbix; answers may be long, so it lives in a worker."""

    def __init__(self, settings: ZabbixSettings) -> None:
        check_url(settings.url)
        if not settings.keys:
            raise ConfigError(["keys: there are none; write at least one pattern"])
        self._settings = settings
        self._context = tls_context(settings)
        self._book = SeriesBook()
        self._items: list[Item] = []
        self._left_out = 0
        self._listed_at = 0.0
        self._version: tuple[int, ...] = ()
        self._end = 0.0

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads the history since the cursor, a bounded piece of it, oldest first.

        Raises:
            Unreachable: Zabbix does not answer, refuses us, or shows us no item.
        """
        settings = self._settings
        self._end = time.monotonic() + deadline.total_seconds() * _SHARE
        self._list()
        now = int(until.timestamp())
        start = int(cursor.get(_TO, now - int(settings.history.total_seconds())))
        stop = min(now, start + int(settings.piece.total_seconds()))
        draft = Draft(self._book)
        for floats in (True, False):
            items = [item for item in self._items if item.floats is floats]
            for piece in range(0, len(items), _PER_CALL):
                self._read(draft, items[piece : piece + _PER_CALL], floats, start, stop)
        if self._left_out:
            draft.drop("limit", self._left_out)
        return draft.collection({_TO: str(stop)})

    def discover(self) -> Inventory:
        """Returns hosts, volumes and interfaces."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no connection between two collections."""

    def _list(self) -> None:
        settings = self._settings
        now = time.monotonic()
        if self._items and now - self._listed_at < settings.refresh.total_seconds():
            return
        if not self._version:
            self._version = self._ask_version()
        asked: dict[str, Any] = {
            "output": ["itemid", "key_", "value_type", "units"],
            "selectHosts": ["host"],
            "monitored": True,
            "filter": {"value_type": [0, 3], "state": 0},
        }
        if settings.groups:
            groups = self._ask("hostgroup.get", {"filter": {"name": list(settings.groups)}})
            asked["groupids"] = [one.get("groupid") for one in _objects(groups)]
        found = [
            item
            for told in _objects(self._ask("item.get", asked))
            if any(fnmatchcase(str(told.get("key_")), pattern) for pattern in settings.keys)
            and (item := read_item(told)) is not None
        ]
        if not found:
            words = f"{settings.url}: shows us no item of these keys; may the user read the hosts?"
            raise Unreachable(words, "empty")
        self._left_out = max(len(found) - settings.max_items, 0)
        self._items, self._listed_at = found[: settings.max_items], now

    def _read(
        self, draft: Draft, items: Sequence[Item], floats: bool, start: int, stop: int
    ) -> None:
        item_by_id = {item.id: item for item in items}
        asked = {
            "history": 0 if floats else 3,
            "itemids": list(item_by_id),
            "time_from": start - _AGAIN,
            "time_till": stop,
            "output": ["itemid", "clock", "ns", "value"],
            "sortfield": "clock",
        }
        for told in _objects(self._ask("history.get", asked)):
            item = item_by_id.get(str(told.get("itemid")))
            try:
                clock, ns = int(told["clock"]), int(told.get("ns", 0))
                value = float(told["value"])
            except (KeyError, TypeError, ValueError):
                draft.drop("parse")
                continue
            if item is None:
                draft.drop("parse")
                continue
            at = clock * _SECOND_NS + ns // 1_000_000 * 1_000_000
            number = item.offset + item.scale * value
            draft.add(
                item.metric, item.assets, number, at, dict(item.labels),
                fail=item.fail, warn=item.warn,
            )  # fmt: skip

    def _ask_version(self) -> tuple[int, ...]:
        told = self._ask("apiinfo.version", [], anonymous=True)
        parts = str(told).split(".")[:2]
        if len(parts) != 2 or not all(part.isdigit() for part in parts):
            raise Unreachable(f"{self._settings.url}: not the API of Zabbix", "format")
        return tuple(int(part) for part in parts)

    def _ask(self, method: str, parameters: Any, *, anonymous: bool = False) -> Any:
        settings = self._settings
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        headers = {}
        if settings.token and not anonymous:
            if self._version >= _HEADER_FROM:
                headers["Authorization"] = f"Bearer {settings.token.reveal()}"
            else:
                question["auth"] = settings.token.reveal()
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unreachable(f"{settings.url}: no time left for {method}", "timeout")
        url = f"{settings.url.rstrip('/')}/api_jsonrpc.php"
        told = fetch_json(url, headers, self._context, left, settings.max_body_bytes, question)
        if not isinstance(told, dict) or ("result" not in told and "error" not in told):
            raise Unreachable(f"{url}: not the API of Zabbix", "format")
        if "error" in told:
            raise self._refusal(method, told["error"])
        return told["result"]

    def _refusal(self, method: str, error: Any) -> Unreachable:
        told = error if isinstance(error, dict) else {}
        words = " ".join(str(told.get(name, "")) for name in ("message", "data"))[:300]
        kind = "auth" if any(one in words for one in _REFUSALS) else "source"
        return Unreachable(f"{self._settings.url}: {method}: {words}", kind)


def _objects(told: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(told, list):
        raise Unreachable("the API of Zabbix answers with no list", "format")
    return (one for one in told if isinstance(one, dict))
