"""Samples of a Prometheus, read through its query API.

A range selector as an instant query answers the samples themselves, not a grid.
Source: Prometheus HTTP API, "Instant queries", "Finding series by label matchers".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NoReturn, Protocol, runtime_checkable
from urllib.parse import urlencode

import numpy as np
import orjson

from aiops.contracts.errors import StoreError
from aiops.domain.instant import duration_ns
from aiops.domain.series import FloatArray, IntArray, Samples, SeriesKey
from aiops.domain.step import DAY
from aiops.store.grid import MS, Columns
from aiops.store.remote.cells import whole_cells
from aiops.store.remote.credentials import credentials_of
from aiops.store.remote.history import RemoteHistory, asking
from aiops.store.remote.http import Endpoint
from aiops.store.remote.naming import Describe, describe_nothing, name_of
from aiops.store.remote.settings import PrometheusSettings

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_SPECIAL: Final = frozenset(r"\.+*?()|[]{}^$")
_Name = tuple[str, str, tuple[tuple[str, str], ...]]
"""Metric over there, asset, labels."""


@runtime_checkable
class Discovering(Protocol):
    """A store that knows series nobody told it of."""

    def known_series(self) -> list[tuple[SeriesKey, bool]]:
        """Returns the key of each series, and whether it is a counter."""
        ...


class PrometheusHistory(RemoteHistory):
    """Reads; everything that would write is refused."""

    def __init__(self, settings: PrometheusSettings) -> None:
        self._settings = settings
        seconds = settings.timeout.total_seconds()
        self._endpoint = Endpoint(settings.url, credentials_of(settings), seconds)
        self._describe: Describe = describe_nothing

    def name_series(self, describe: Describe) -> None:
        """Takes what describes series: without it nothing can be asked for."""
        self._describe = describe

    def known_series(self) -> list[tuple[SeriesKey, bool]]:
        """Returns every series that the selector of the settings matches."""
        end = self._now()
        start = end - self._settings.history.total_seconds()
        form = {"match[]": self._settings.match, "start": start, "end": end}
        found = self._get(f"/api/v1/series?{urlencode(form)}")
        kinds = self._get("/api/v1/metadata")
        keys: dict[SeriesKey, bool] = {}
        for labels in found:
            kind = kinds.get(labels["__name__"], [{}])[0].get("type", "")
            keys[self._key(labels)] = kind == "counter" or labels["__name__"].endswith("_total")
        return sorted(keys.items())

    def append(self, samples: Samples) -> None:
        """Refuses."""
        self._refuse(samples)

    def latest(self, ids: IntArray) -> tuple[IntArray, FloatArray]:
        """Returns time and value of each newest sample of the history."""
        return self._ends(np.asarray(ids, np.int64), newest=True)

    def earliest(self, ids: IntArray) -> IntArray:
        """Returns the time of each oldest sample of the history."""
        return self._ends(np.asarray(ids, np.int64), newest=False)[0]

    def retain(self, before: datetime) -> int:
        """Leaves it to Prometheus."""
        del before
        return 0

    def about(self) -> dict[str, object]:
        """Returns where it is."""
        return {"engine": "prometheus", "url": self._endpoint.url, "read_only": True}

    def ping(self) -> None:
        """Asks for its time."""
        self._now()

    def close(self) -> None:
        """Closes the connections."""
        self._endpoint.close()

    def _ends(self, ids: IntArray, *, newest: bool) -> tuple[IntArray, FloatArray]:
        distinct, place = np.unique(ids, return_inverse=True)
        times, values = np.zeros(len(distinct), np.int64), np.full(len(distinct), np.nan)
        last = int(self._now() * 1000) * MS // DAY
        first = last - duration_ns(self._settings.history) // DAY
        days = range(last, first - 1, -1) if newest else range(first, last + 1)
        for day in days:
            missing = np.flatnonzero(times == 0)
            if not len(missing):
                break
            found = self.samples(distinct[missing], day * DAY, (day + 1) * DAY)
            order = np.arange(len(found)) if newest else np.arange(len(found))[::-1]
            rows = np.searchsorted(distinct, found.ids[order])
            times[rows], values[rows] = found.times[order], found.values[order]
        return times[place], values[place]

    def columns(self, ids: IntArray, start: int, end: int) -> Columns:
        """Returns the samples of ``[start, end)`` ns."""
        first, last = whole_cells(start, end)
        first = max(first, 0)
        row_by_name: dict[_Name, int] = {}
        assets_by_metric: dict[str, set[str]] = {}
        for row, info in enumerate(self._describe(ids) if first < last and len(ids) else ()):
            metric = _metric(info.key)
            row_by_name[metric, info.key.asset, info.key.labels] = row
            assets_by_metric.setdefault(metric, set()).add(info.key.asset)
        parts = [Columns(ids[:0], ids[:0], np.empty(0))]
        for metric, assets in assets_by_metric.items():
            for labels, found in self._range(metric, assets, first, last):
                key = self._key(labels)
                row_found = row_by_name.get((metric, key.asset, key.labels))
                if row_found is not None:
                    parts.append(_line(row_found, found))
        rows, times, values = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("rows", "times", "values")
        )
        mine = np.isfinite(values) & (times >= first) & (times < last)
        return Columns.arrange(rows[mine], times[mine], values[mine])

    def _range(self, metric: str, assets: Iterable[str], first: int, last: int) -> list[Any]:
        pattern = "|".join(_quoted(asset) for asset in sorted(assets))
        chosen = f"{self._settings.asset_label}=~{json.dumps(pattern, ensure_ascii=False)}"
        query = f"{metric}{{{chosen}}}[{last - first}ms]"
        form = {"query": query, "time": f"{(last - 1) / 1000:.3f}"}
        found = self._post("/api/v1/query", form)
        try:
            return [(each["metric"], each["values"]) for each in found["result"]]
        except (KeyError, TypeError) as error:
            raise StoreError(f"{self._endpoint.url}: answers no samples") from error

    def _key(self, labels: Mapping[str, str]) -> SeriesKey:
        own = {"__name__", self._settings.asset_label, *self._settings.ignored_labels}
        rest = {name: value for name, value in labels.items() if name not in own}
        asset = labels.get(self._settings.asset_label, "")
        return SeriesKey.of(asset, labels.get("__name__", ""), rest)

    def _now(self) -> float:
        found = self._post("/api/v1/query", {"query": "time()"})
        try:
            return float(found["result"][1])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise StoreError(f"{self._endpoint.url}: is no Prometheus") from error

    def _get(self, path: str) -> Any:
        return self._answer("GET", path, None)

    def _post(self, path: str, form: Mapping[str, object]) -> Any:
        return self._answer("POST", path, urlencode(form).encode())

    def _answer(self, method: str, path: str, body: bytes | None) -> Any:
        with asking():
            answer = self._endpoint.request(method, path, body, _FORM if body else None)
        try:
            parsed = orjson.loads(answer.body)
            if parsed["status"] != "success":
                raise StoreError(f"{self._endpoint.url}: {parsed.get('error', 'no success')}")
            return parsed["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise StoreError(
                f"{self._endpoint.url}: answers no result; is it Prometheus?"
            ) from error

    def _refuse(self, samples: Samples) -> NoReturn:
        raise StoreError(
            f"{self._endpoint.url}: Prometheus is only read, {len(samples)} samples were not "
            "written; set store.series to duckdb, victoriametrics or influxdb and take the "
            "history over with `aiops store copy`"
        )


def _line(row: int, pairs: Sequence[tuple[float, str]]) -> Columns:
    times = np.array([round(at * 1000) for at, _ in pairs], np.int64)
    values = np.array([float(value) for _, value in pairs], np.float64)
    return Columns(np.full(len(pairs), row), times, values)


def _metric(key: SeriesKey) -> str:
    plain = key.metric.replace(":", "_")  # recording rules have colons in their names
    return key.metric if name_of(plain) == plain else name_of(plain)


def _quoted(text: str) -> str:
    """Escapes a text for RE2."""
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in text)
