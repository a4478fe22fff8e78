"""InfluxDB 2 as a series store.

Writes are synchronous: the client's batching mode loses writes without an exception. Of two
values for one time the server keeps the last one written. Roll-ups are a task of the server
(``downsample``); panels are computed from samples.

Source: InfluxDB v2 API reference (write, query, delete, buckets, tasks); Flux standard library.
"""

import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import orjson
from influxdb_client import InfluxDBClient, WriteService
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.util.retry import Retry

from aiops.contracts.errors import ConfigError, Refused, StoreError, Unreachable
from aiops.domain.instant import from_ns, to_ns
from aiops.domain.series import FloatArray, IntArray, Samples
from aiops.domain.step import DAY
from aiops.store.batches import arranged, join
from aiops.store.grid import MS, Columns
from aiops.store.remote.annotated_csv import Rows, decode
from aiops.store.remote.cells import SLICE, whole_cells
from aiops.store.remote.history import RemoteHistory, asking
from aiops.store.remote.http import Credentials, Endpoint
from aiops.store.remote.influx_setup import Setup
from aiops.store.remote.lines import encode
from aiops.store.remote.naming import MEASUREMENT, SERIES, STORE, Describe, Heads, check_name
from aiops.store.remote.results import Result, result_lines
from aiops.store.remote.settings import InfluxSettings

_JSON: Final = {"Content-Type": "application/json"}
_FIRST_MS: Final = -2_208_988_800_000
"""1900-01-01: no sample lies before it."""
_FAR_MS: Final = 7_258_118_400_000
"""2200-01-01: no sample lies behind it."""
_LINES: Final = 20_000
"""Samples per request. Source: InfluxDB advises batches of 5,000 lines and more."""
_REFUSING: Final = frozenset({400, 413, 422})


class InfluxStore(RemoteHistory):
    """Writes line protocol, reads Flux; nothing is connected before the first use."""

    settles: Final = 1.0
    """Seconds: an answered write is in the server's log on disk."""

    def __init__(self, settings: InfluxSettings) -> None:
        for name in ("org", "bucket", "token"):
            if not getattr(settings, name):
                raise ConfigError([f"store.settings.{name}: must be set for InfluxDB 2"])
        check_name(settings.name)
        seconds = settings.timeout.total_seconds()
        if seconds <= 0:
            raise ConfigError(["store.settings.timeout: must be longer than 0s"])
        self._settings = settings
        self._endpoint = Endpoint(settings.url, Credentials("Token", settings.token), seconds)
        self._setup = Setup(settings, self._endpoint)
        # No retries inside, and no redirects, which would carry the token elsewhere.
        self._client = InfluxDBClient(
            url=self._endpoint.url,
            token=settings.token.reveal(),
            org=settings.org,
            timeout=round(seconds * 1000),
            enable_gzip=True,
            retries=Retry(0, redirect=0, raise_on_redirect=True),
        )
        self._writes = WriteService(self._client.api_client)
        self._connections = self._client.api_client.rest_client.pool_manager
        self._heads = Heads(settings.name)
        self._lock = threading.Lock()
        self._written = 0
        self._first = _FIRST_MS

    def name_series(self, describe: Describe) -> None:
        """Takes what describes series, for people's own dashboards."""
        self._heads.name_series(describe)

    def append(self, samples: Samples) -> None:
        """Writes samples and waits for the server's word."""
        if not len(samples):
            return
        columns = arranged(samples)
        with self._lock:
            with asking():
                self._setup.prepare()
            heads = self._heads.of(columns.rows)
            for at in range(0, len(heads), _LINES):
                part = slice(at, at + _LINES)
                self._write(encode(heads[part], columns.times[part], columns.values[part]))
            self._written += len(heads)

    def _write(self, body: bytes) -> None:
        where = f"{self._endpoint.url}/api/v2/write"
        try:
            try:
                _, status, headers = self._post(body)
            except ProtocolError:  # the server had closed an idle connection; twice does no harm
                _, status, headers = self._post(body)
        except ApiException as error:
            said = " ".join(str(error.body or error.reason)[:200].split())
            words = f"{where}: HTTP {error.status}: {said}"
            if error.status in _REFUSING:
                raise StoreError(words) from Refused(words)
            kind = "auth" if error.status in {401, 403} else "http"
            raise StoreError(words) from Unreachable(words, kind, _seconds(error.headers))
        except (HTTPError, OSError) as error:
            words = f"{where}: {type(error).__name__}: {str(error)[:200]}"
            raise StoreError(words) from Unreachable(words)
        if status != 204:
            words = f"{where}: answers HTTP {status} ({headers.get('Content-Type', 'no type')})"
            raise StoreError(words) from Unreachable(words, "not_a_store")

    def _post(self, body: bytes) -> Any:
        return self._writes.post_write_with_http_info(
            org=self._settings.org, bucket=self._settings.bucket, body=body, precision="ms"
        )

    def publish(self, results: Iterable[Result]) -> None:
        """Writes results for people's own dashboards."""
        with asking():
            self._setup.prepare()
        self._write(result_lines(results, self._settings.name))

    def stored(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns what the server itself shows."""
        return self.samples(ids, start, end)

    def latest(self, ids: IntArray) -> tuple[IntArray, FloatArray]:
        """Returns time and value of each newest sample."""
        distinct, place = np.unique(np.asarray(ids, np.int64), return_inverse=True)
        times, values = np.zeros(len(distinct), np.int64), np.full(len(distinct), np.nan)
        found = self._ends(distinct, "last")
        times[found.rows], values[found.rows] = found.times * MS, found.values  # the last one stays
        return times[place], values[place]

    def earliest(self, ids: IntArray) -> IntArray:
        """Returns the time of each oldest sample."""
        distinct, place = np.unique(np.asarray(ids, np.int64), return_inverse=True)
        times = np.zeros(len(distinct), np.int64)
        found = self._ends(distinct, "first")
        times[found.rows[::-1]] = found.times[::-1] * MS
        return times[place]

    def _ends(self, ids: IntArray, which: str) -> Columns:
        """Returns what lies at one end of each line; the server answers it from its index."""
        parts = []
        for at in range(0, len(ids), SLICE):
            rows = self._read(ids[at : at + SLICE], _FIRST_MS, _FAR_MS, f"|> {which}()")
            parts.append(Samples(rows.series, rows.times, rows.values))
        all_ = join(parts)
        return Columns.arrange(np.searchsorted(ids, all_.ids), all_.times, all_.values)

    def retain(self, before: datetime) -> int:
        """Deletes whole days before the given time, and returns how many samples went."""
        horizon = to_ns(before) // DAY * DAY
        flux = (
            f"{self._from(_FIRST_MS, horizon // MS)} "
            "|> count() |> group() |> sum() |> map(fn: (r) => ({_time: now(), "
            f'_value: float(v: r._value), {SERIES}: "0"}}))'
        )
        counted = self._query(flux)
        dropped = round(float(counted.values.sum()))
        if dropped:
            query = urlencode({"org": self._settings.org, "bucket": self._settings.bucket})
            body = {
                "start": _text(_FIRST_MS),
                # the nanosecond before: right whether the end belongs to the range or not
                "stop": f"{_text(horizon // MS - 1)[:-1]}999999Z",
                "predicate": f'{STORE}="{self._settings.name}"',
            }
            path = f"/api/v2/delete?{query}"
            with asking():
                self._endpoint.request("POST", path, orjson.dumps(body), _JSON)
        return dropped

    def keep_from(self, oldest: datetime) -> None:
        """Takes note that nothing older than this day is asked for."""
        self._first = max(to_ns(oldest) // DAY * DAY // MS, _FIRST_MS)

    def about(self) -> dict[str, object]:
        """Returns where it is, and what was written there."""
        return {
            "engine": "influxdb",
            "url": self._endpoint.url,
            "bucket": self._settings.bucket,
            "version": self._setup.version,
            "samples_written": self._written,
        }

    def ping(self) -> None:
        """Asks for the version and for the bucket."""
        self._query(f"{self._from(0, 1)} |> limit(n: 1)")

    def close(self) -> None:
        """Closes the connections."""
        self._endpoint.close()
        self._connections.clear()
        self._client.close()

    def columns(self, ids: IntArray, start: int, end: int) -> Columns:
        """Returns the samples of ``[start, end)`` ns."""
        rows = self._read(ids, *whole_cells(start, end))
        return Columns.arrange(np.searchsorted(ids, rows.series), rows.times, rows.values)

    def _read(self, ids: IntArray, start: int, end: int, then: str = "") -> Rows:
        start, end = max(start, self._first), min(end, _FAR_MS)
        if start >= end or not len(ids):
            none = np.empty(0, np.int64)
            return Rows(none, none, np.empty(0))
        wanted = "|".join(map(str, ids.tolist()))
        return self._query(
            f"{self._from(start, end)} |> filter(fn: (r) => r.{SERIES} =~ /^({wanted})$/) {then} "
            f'|> keep(columns: ["_time", "_value", "{SERIES}"])'
        )

    def _from(self, start: int, end: int) -> str:
        bucket = orjson.dumps(self._settings.bucket).decode()
        name = orjson.dumps(self._settings.name).decode()
        return (
            f"from(bucket: {bucket}) |> range(start: {_text(start)}, stop: {_text(end)}) "
            f'|> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r.{STORE} == {name})'
        )

    def _query(self, flux: str) -> Rows:
        body = {
            "query": flux,
            "type": "flux",
            "dialect": {"header": True, "annotations": ["datatype", "group", "default"]},
        }
        path = f"/api/v2/query?{urlencode({'org': self._settings.org})}"
        headers = {**_JSON, "Accept": "application/csv", "Accept-Encoding": "gzip"}
        with asking():
            self._setup.check_version()
            answer = self._endpoint.request("POST", path, orjson.dumps(body), headers)
            return decode(answer.body, self._endpoint.url)


def _text(at_ms: int) -> str:
    """Returns RFC 3339 with milliseconds."""
    return f"{from_ns(at_ms * MS):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def _seconds(headers: Any) -> float | None:
    text = str(headers.get("Retry-After", "")) if headers else ""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
