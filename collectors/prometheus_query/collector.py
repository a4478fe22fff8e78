"""The prometheus_query collector: what came since the cursor, a bounded piece at a time."""

import math
import ssl
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from aiops.contracts.book import SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset
from aiops.domain.metric import Limit, Metric
from aiops.domain.series import SeriesKey
from collectors._template import fill
from collectors._web.access import authorization, tls_context
from collectors._web.fetch import check_url, fetch
from collectors.prometheus_query.settings import PrometheusQuerySettings, QuerySettings

# Source: Prometheus refuses more than 11,000 points of one series in one answer.
_MAX_POINTS: Final = 5_000
_TO: Final = "to"


class PrometheusQueryCollector:
    """Puts some queries to one server."""

    def __init__(self, settings: PrometheusQuerySettings) -> None:
        check_url(settings.url)
        if not settings.queries:
            raise ConfigError(["queries: there are none; write at least one"])
        self._settings = settings
        self._book = SeriesBook()
        self._context: ssl.SSLContext | None = None

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads the next piece; history comes oldest first, some thousand points at a time.

        Raises:
            Unreachable: A query was not answered; nothing of this piece is used.
        """
        step = int(self._settings.step.total_seconds() * 1000)
        newest = _ms(until - self._settings.delay) // step * step
        start = self._start(cursor, newest, step)
        end = min(newest, start + (_MAX_POINTS - 1) * step)
        if start > newest:
            return Collection(self._book.batch([], [], []), cursor)
        rows: list[int] = []
        times: list[int] = []
        values: list[float] = []
        dropped: Counter[str] = Counter()
        ends = until + deadline
        share = deadline.total_seconds() / len(self._settings.queries)
        for query in self._settings.queries:
            seconds = min(share, (ends - until).total_seconds())
            for series in self._ask(query, start, end, step, seconds):
                row = self._row(query, series.get("metric", {}))
                if row is None:
                    dropped["labels"] += 1
                    continue
                for time, text in series.get("values", ()):
                    value = float(text)
                    if math.isfinite(value):
                        rows.append(row)
                        times.append(round(time * 1000) * 1_000_000)
                        values.append(value)
                    else:
                        dropped["non_finite"] += 1
        return Collection(self._book.batch(rows, times, values), {_TO: str(end)}, dropped)

    def discover(self) -> Inventory:
        """Returns what the results spoke of."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no connection between two collections."""

    def _start(self, cursor: Cursor, newest: int, step: int) -> int:
        last = cursor.get(_TO, "")
        if last.isdigit():
            return (int(last) // step + 1) * step
        history = int(self._settings.history.total_seconds() * 1000)
        return (newest - history) // step * step

    def _ask(
        self, query: QuerySettings, start: int, end: int, step: int, seconds: float
    ) -> list[dict[str, Any]]:
        parameters = {
            "query": query.query,
            "start": f"{start / 1000:.3f}",
            "end": f"{end / 1000:.3f}",
            "step": f"{step / 1000:g}",
            "nocache": "1",  # VictoriaMetrics; others pass it over
        }
        url = f"{self._settings.url.rstrip('/')}/api/v1/query_range?{urlencode(parameters)}"
        place = f"{self._settings.url}: {query.metric}"
        try:
            headers = {"Accept": "application/json", **authorization(self._settings)}
            page = fetch(url, headers, self._tls(), seconds, self._settings.max_body_bytes)
            answer = orjson.loads(page.body)
            result: list[dict[str, Any]] = answer["data"]["result"]
            matrix = answer["data"]["resultType"] == "matrix" and isinstance(result, list)
        except Unreachable as error:
            words = str(error).replace(url, place)
            if error.kind == "http" and "HTTP 4" in words:
                words += "; is the query right?"
            raise Unreachable(words, error.kind, error.retry_after) from error
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise Unreachable(f"{place}: not an answer of a query API", "format") from error
        if not matrix:
            raise Unreachable(f"{place}: the result is no range of series", "format")
        if len(result) > self._settings.max_series:
            words = f"{place}: {len(result)} series, at most {self._settings.max_series}"
            raise Unreachable(f"{words}; narrow the query or raise max_series", "limit")
        return result

    def _row(self, query: QuerySettings, labels: Mapping[str, str]) -> int | None:
        key = fill(query.asset, labels)
        if not key:
            return None
        kept = {name: labels[name] for name in query.labels if labels.get(name)}
        series = SeriesKey.of(key, query.metric, kept)
        known = self._book.find(series)
        if known is not None:
            return known
        parent = fill(query.parent, labels)
        whole = [Asset(parent)] if parent and parent != key else []
        asset = Asset(key, query.kind, parent=whole[0].key if whole else "")
        metric = Metric(query.metric, query.unit, bad_direction=query.bad_direction)
        if query.fail is not None:
            self._book.limit(Limit.towards(metric, key, query.fail, query.warn))
        return self._book.row(series, metric, *whole, asset)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = tls_context(self._settings)
        return self._context


def _ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
