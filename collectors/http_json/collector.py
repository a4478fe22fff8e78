"""The http_json collector: fetch, find, convert."""

import math
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from jsonpath_ng import parse
from jsonpath_ng.exceptions import JSONPathError

from aiops.contracts.book import SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from aiops.domain.metric import Limit, Metric
from aiops.domain.series import SeriesKey
from collectors._told_time import read_time
from collectors._web.access import authorization, tls_context
from collectors._web.document import fetch_json
from collectors._web.fetch import check_url
from collectors.http_json.settings import HttpJsonSettings, JsonMetric


class HttpJsonCollector:
    """Reads one document."""

    def __init__(self, settings: HttpJsonSettings) -> None:
        check_url(settings.url)
        if not settings.metrics:
            raise ConfigError(["metrics: there are none; write at least one"])
        self._settings = settings
        self._items = _path("items", settings.items)
        self._asset = _path("asset", settings.asset) if settings.asset else None
        self._time = _path("time", settings.time) if settings.time else None
        self._metrics = [(one, _path("path", one.path)) for one in settings.metrics]
        self._book = SeriesBook()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Fetches the document once.

        Raises:
            Unreachable: No answer in time, or nothing where ``items`` points to.
        """
        settings = self._settings
        document = fetch_json(
            settings.url,
            authorization(settings),
            tls_context(settings),
            deadline.total_seconds(),
            settings.max_body_bytes,
        )
        items = [found.value for found in self._items.find(document)]
        if not items:
            words = f"{settings.url}: nothing at {settings.items} (items)"
            raise Unreachable(words, "format")
        rows: list[int] = []
        times: list[int] = []
        values: list[float] = []
        dropped: Counter[str] = Counter()
        for item in items:
            asset, time = self._place(item), self._when(item, until)
            if not asset or time is None:
                dropped["labels" if not asset else "parse"] += 1
                continue
            for metric, path in self._metrics:
                value = _number(path, item)
                if value is None:
                    dropped["parse"] += 1
                    continue
                rows.append(self._row(asset, metric))
                times.append(time)
                values.append(value * metric.scale)
        return Collection(self._book.batch(rows, times, values), cursor, dropped)

    def discover(self) -> Inventory:
        """Returns what the document spoke of."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no connection between two collections."""

    def _place(self, item: Any) -> str:
        if self._asset is None:
            return urlsplit(self._settings.url).netloc
        found = self._asset.find(item)
        value = found[0].value if found else None
        return str(value) if isinstance(value, str | int) and value != "" else ""

    def _when(self, item: Any, until: datetime) -> int | None:
        if self._time is None:
            return to_stored_ns(until)
        found = self._time.find(item)
        return read_time(found[0].value) if found else None

    def _row(self, asset: str, wanted: JsonMetric) -> int:
        key = SeriesKey(asset, wanted.metric)
        known = self._book.find(key)
        if known is not None:
            return known
        metric = Metric(wanted.metric, wanted.unit, wanted.kind, wanted.bad_direction)
        if wanted.fail is not None:
            self._book.limit(Limit.towards(metric, asset, wanted.fail, wanted.warn))
        return self._book.row(key, metric, Asset(asset, self._settings.kind))


def _number(path: Any, item: Any) -> float | None:
    found = path.find(item)
    value = found[0].value if found else None
    if isinstance(value, bool):
        return float(value)
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _path(key: str, text: str) -> Any:
    try:
        return parse(text)
    except (JSONPathError, AttributeError, ValueError) as error:
        raise ConfigError([f"{key}: {text!r} is no JSONPath: {error}"]) from error
