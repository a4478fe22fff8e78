"""What VictoriaMetrics is asked over HTTP, single node or cluster.

Source: VictoriaMetrics documentation, "URL format", "How to export time series".
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

import numpy as np
import orjson

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.series import FloatArray, IntArray
from aiops.store.remote import export_csv
from aiops.store.remote.arrange import arrange
from aiops.store.remote.cells import SLICE
from aiops.store.remote.credentials import credentials_of
from aiops.store.remote.export_lines import Lines, decode
from aiops.store.remote.http import Endpoint
from aiops.store.remote.naming import REVISION, SERIES, STORE
from aiops.store.remote.settings import VictoriaMetricsSettings

FAR_MS: Final = 7_258_118_400_000
"""2200-01-01: no sample lies behind it."""
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class VictoriaServer:
    """Speaks for one installation in one server or tenant.

    Every method raises ``Unreachable`` or ``Refused``.

    Attributes:
        horizon: Samples before it (ms) are not asked for.
    """

    def __init__(self, settings: VictoriaMetricsSettings) -> None:
        seconds = settings.timeout.total_seconds()
        if seconds <= 0:
            raise ConfigError(["store.settings.timeout: must be longer than 0s"])
        self._read_path, self._write_path = _paths(settings.tenant)
        self._endpoint = Endpoint(settings.url, credentials_of(settings), seconds)
        self._writing = Endpoint(
            settings.write_url or settings.url, credentials_of(settings), seconds
        )
        self._name = settings.name
        self.horizon = 0

    @property
    def url(self) -> str:
        """Where it is read."""
        return self._endpoint.url

    def write(self, body: bytes) -> None:
        """Writes lines, and accepts nothing but the one answer that means yes."""
        answer = self._writing.request("POST", f"{self._write_path}?precision=ms", body)
        if answer.status != 204:
            raise Unreachable(
                f"{self._writing.url}: answers a write with HTTP {answer.status} "
                f"({answer.content_type or 'no type'}); is this VictoriaMetrics?",
                "not_a_store",
            )

    def flush(self) -> None:
        """Asks a single node to show all it has."""
        self._endpoint.request("GET", "/internal/force_flush")

    def close(self) -> None:
        """Closes the connections."""
        self._endpoint.close()
        self._writing.close()

    def shown(self, ids: IntArray, start: int, end: int) -> tuple[IntArray, IntArray, FloatArray]:
        """Returns id, time in ms and value, sorted: cheap for few samples of many series."""
        form = self.form(ids, start, end)
        if form is None:
            none = np.empty(0, np.int64)
            return none, none, np.empty(0)
        body = form + b"&" + urlencode({"format": export_csv.FORMAT}).encode()
        answer = self._endpoint.request("POST", f"{self._read_path}/export/csv", body, _FORM)
        found = export_csv.decode(answer.body, self._endpoint.url)
        series, revisions, times, values = found
        columns, _ = arrange(series, times, values, revisions)
        return columns.rows.astype(np.int64), columns.times, columns.values

    def lines(self, ids: IntArray, start: int, end: int) -> Lines:
        """Returns every sample of ``[start, end)`` ms, a line per series and revision."""
        return decode(self.export(ids, start, end), self._endpoint.url)

    def export(self, ids: IntArray, start: int, end: int) -> bytes:
        """Returns the same as the server answers it."""
        form = self.form(ids, start, end)
        if form is None:
            return b""
        return self._endpoint.request("POST", f"{self._read_path}/export", form, _FORM).body

    def selector(self, ids: IntArray) -> str:
        """Returns what selects these series."""
        return _selector(self._name, ids.tobytes())

    def query(self, query: str, at: float | None) -> list[tuple[dict[str, str], str]]:
        """Returns labels and value of each result of an instant query, by default of now."""
        form: dict[str, object] = {"query": query, "nocache": 1}
        if at is not None:
            form["time"] = f"{at:.3f}"
        body = urlencode(form).encode()
        answer = self._endpoint.request("POST", f"{self._read_path}/query", body, _FORM)
        try:
            result = orjson.loads(answer.body)["data"]["result"]
            return [(each["metric"], each["value"][1]) for each in result]
        except (orjson.JSONDecodeError, KeyError, TypeError, IndexError) as error:
            raise self._no_result(answer.body) from error

    def now(self) -> float:
        """Returns the server's own time, seconds since 1970."""
        return float(self.query("time()", None)[0][1])

    def present(self, ids: IntArray, first: int, end: int) -> IntArray:
        """Returns which series have samples on the days ``[first, end)``, from the index alone."""
        few = len(ids) <= SLICE
        chosen = self.selector(ids) if few else f'{{{STORE}="{self._name}"}}'
        form = {"match[]": chosen, "start": first * 86_400, "end": end * 86_400 - 1}
        answer = self._endpoint.request(
            "POST", f"{self._read_path}/label/{SERIES}/values", urlencode(form).encode(), _FORM
        )
        try:
            found = np.array(orjson.loads(answer.body)["data"], np.str_).astype(np.int64)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise self._no_result(answer.body) from error
        return np.intersect1d(ids, found)

    def ends(
        self, ids: IntArray, day: int, *, newest: bool
    ) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
        """Returns row, time, value and revision of each line's first or last sample of a day.

        Args:
            day: When it begins, ms.
        """
        word = "last" if newest else "first"
        span = f"({self.selector(ids)}[1d])"
        at = (day + 86_400_000 - 1) / 1000
        times = {
            _line(labels): value for labels, value in self.query(f"t{word}_over_time{span}", at)
        }
        values = {
            _line(labels): value for labels, value in self.query(f"{word}_over_time{span}", at)
        }
        lines = sorted(times.keys() & values.keys())
        return (
            np.searchsorted(ids, np.array([series for series, _ in lines], np.int64)),
            np.array([round(float(times[line]) * 1000) for line in lines], np.int64),
            np.array([float(values[line]) for line in lines], np.float64),
            np.array([revision for _, revision in lines], np.int64),
        )

    def form(self, ids: IntArray, start: int, end: int) -> bytes | None:
        """Returns what asks an export for these samples, None where there can be none."""
        start = max(start, self.horizon)
        if start >= end or not len(ids):
            return None
        span = f"start={start / 1000:.3f}&end={min(end - 1, FAR_MS) / 1000:.3f}"
        return f"{span}&match[]={_quoted(self.selector(ids))}".encode()

    def _no_result(self, body: bytes) -> Unreachable:
        said = " ".join(body[:100].decode("utf-8", "replace").split())
        return Unreachable(
            f"{self._endpoint.url}: answers no query result but {said!r}", "not_a_store"
        )


def _line(labels: Mapping[str, str]) -> tuple[int, int]:
    return int(labels[SERIES]), int(labels.get(REVISION, 0))


def _paths(tenant: str) -> tuple[str, str]:
    if not tenant:
        return "/api/v1", "/write"
    if (
        not all(part.isascii() and part.isdigit() for part in tenant.split(":"))
        or tenant.count(":") > 1
    ):
        raise ConfigError(
            [f"store.settings.tenant: {tenant!r} is not accountID or accountID:projectID"]
        )
    return f"/select/{tenant}/prometheus/api/v1", f"/insert/{tenant}/influx/write"


@lru_cache(maxsize=64)
def _selector(name: str, ids: bytes) -> str:
    wanted = "|".join(map(str, np.frombuffer(ids, np.int64).tolist()))
    return f'{{{STORE}="{name}",{SERIES}=~"{wanted}"}}'


@lru_cache(maxsize=64)
def _quoted(selector: str) -> str:
    # of thousands of digits and bars only the bars need quoting
    head, mark, ids = selector.partition('=~"')
    return quote(head + mark, safe="") + ids[:-2].replace("|", "%7C") + "%22%7D"
