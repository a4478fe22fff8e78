"""The influxdb collector: what came since the cursor, a bounded piece at a time."""

import io
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from influxdb_client.client.flux_csv_parser import (
    FluxCsvParser,
    FluxCsvParserException,
    FluxQueryException,
    FluxSerializationMode,
)

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from aiops.domain.metric import Metric
from collectors._template import fill
from collectors._web.access import tls_context
from collectors._web.fetch import check_url, fetch
from collectors.influxdb.settings import FluxSettings, InfluxdbSettings

_TO: Final = "to"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIALECT: Final = {"annotations": ["datatype", "group", "default"], "header": True}
_HEADS: Final = ("import ", "package ")
_RANGE: Final = ("v.timeRangeStart", "v.timeRangeStop")


class InfluxdbCollector:
    """Puts some queries to one server; long answers take time, so it lives in a worker."""

    def __init__(self, settings: InfluxdbSettings) -> None:
        check_url(settings.url)
        problems = [] if settings.queries else ["queries: there are none; write at least one"]
        for query in settings.queries:
            missing = [name for name in _RANGE if name not in query.flux]
            if missing:
                told = " and ".join(missing)
                problems.append(f"queries: flux without {told}: it would read the same for ever")
        if problems:
            raise ConfigError(problems)
        self._settings = settings
        self._book = SeriesBook()
        self._context: ssl.SSLContext | None = None

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads the next piece, oldest first.

        Raises:
            Unreachable: A query was not answered; nothing of this piece is used.
        """
        settings = self._settings
        newest = _floor(until - settings.delay, settings.step)
        told = cursor.get(_TO)
        start = datetime.fromisoformat(told) if told else newest - settings.history
        stop = min(newest, start + settings.piece)
        draft = Draft(self._book)
        self._book.trim()
        if start >= stop:
            return draft.collection(cursor)
        share = deadline.total_seconds() / len(settings.queries)
        for query in settings.queries:
            self._take(draft, query, self._ask(query, start, stop, share))
        return draft.collection({_TO: stop.isoformat()})

    def discover(self) -> Inventory:
        """Returns what the results spoke of."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no connection between two collections."""

    def _ask(self, query: FluxSettings, start: datetime, stop: datetime, share: float) -> bytes:
        settings = self._settings
        if self._context is None:
            self._context = tls_context(settings)
        # The range and the window of the Data Explorer, so that its queries work as they are.
        given = (
            f"option v = {{timeRangeStart: {_text(start)}, timeRangeStop: {_text(stop)}, "
            f"windowPeriod: {int(settings.step.total_seconds() * 1000)}ms}}\n"
        )
        question = {"query": _with_option(query.flux, given), "type": "flux", "dialect": _DIALECT}
        headers = {"Content-Type": "application/json", "Accept": "application/csv"}
        if settings.token:
            headers["Authorization"] = f"Token {settings.token.reveal()}"
        url = f"{settings.url.rstrip('/')}/api/v2/query?{urlencode({'org': settings.org})}"
        body = orjson.dumps(question)
        try:
            page = fetch(url, headers, self._context, share, settings.max_body_bytes, body)
        except Unreachable as error:
            words = str(error)
            if "HTTP 404" in words:
                words += "; is it InfluxDB 2, and is the organization right?"
            if "HTTP 400" in words:
                words += f"; is the query for {query.metric} right?"
            raise Unreachable(words, error.kind, error.retry_after) from error
        return page.body

    def _take(self, draft: Draft, query: FluxSettings, body: bytes) -> None:
        series: dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[Metric, Asset]] = {}
        for record in self._records(body):
            columns = {name: value for name, value in record.items() if isinstance(value, str)}
            asset, name = fill(query.asset, columns), fill(query.metric, columns)
            time, value = record.get("_time"), record.get("_value")
            if not asset or not name:
                draft.drop("labels")
                continue
            if not isinstance(value, bool | int | float):
                draft.drop("type")
                continue
            if not isinstance(time, datetime):
                draft.drop("no_time")
                continue
            labels = {one: columns[one] for one in query.labels if columns.get(one)}
            own = asset, name, tuple(sorted(labels.items()))
            if own not in series:
                if len(series) >= self._settings.max_series:
                    draft.drop("limit")
                    continue
                metric = Metric(name, query.unit, query.metric_kind, query.bad_direction)
                series[own] = metric, Asset(asset, query.kind)
            metric, place = series[own]
            at = to_stored_ns(time)
            number = float(value) * query.scale
            draft.add(metric, (place,), number, at, labels, fail=query.fail, warn=query.warn)

    def _records(self, body: bytes) -> Iterator[dict[str, Any]]:
        # The parser reads any line of what it takes for an answer, JSON and web pages too.
        if body.strip() and not body.lstrip().startswith((b"#", b",")):
            raise Unreachable(f"{self._settings.url}: the answer is no annotated CSV", "format")
        parser = FluxCsvParser(io.BytesIO(body), FluxSerializationMode.stream)
        try:
            for record in parser.generator():
                yield record.values
        except FluxQueryException as error:
            words = f"{self._settings.url}: the query failed: {str(error)[:200]}"
            raise Unreachable(words, "source") from error
        except (FluxCsvParserException, ValueError, IndexError, TypeError) as error:
            words = f"{self._settings.url}: the answer is no annotated CSV"
            raise Unreachable(words, "format") from error


def _with_option(flux: str, option: str) -> str:
    """Returns the script with an option, which must stand behind its imports."""
    lines = flux.splitlines(keepends=True)
    heads = [n for n, line in enumerate(lines, 1) if line.lstrip().startswith(_HEADS)]
    behind = heads[-1] if heads else 0
    return "".join(lines[:behind]) + option + "".join(lines[behind:])


def _floor(at: datetime, step: timedelta) -> datetime:
    return _EPOCH + (at - _EPOCH) // step * step


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
