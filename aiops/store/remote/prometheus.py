"""Samples of a Prometheus, read through its query API.

A range selector as an instant query answers the samples themselves, not a grid.
Source: Prometheus HTTP API, "Instant queries", "Finding series by label matchers".
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn, Protocol, runtime_checkable
from urllib.parse import urlencode

import numpy as np
import orjson
from numpy.typing import NDArray

from aiops.contracts.errors import AiopsError, Refused, StoreError, Unreachable
from aiops.domain.instant import duration_ns
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import FloatArray, IntArray, Samples, SeriesKey
from aiops.domain.step import DAY
from aiops.store.grid import MS, Columns
from aiops.store.remote.cells import SLICE, build_panel, whole_cells
from aiops.store.remote.credentials import credentials_of
from aiops.store.remote.http import Endpoint
from aiops.store.remote.naming import Describe, describe_nothing, name_of
from aiops.store.remote.settings import PrometheusSettings

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_SPECIAL: Final = frozenset(r"\.+*?()|[]{}^$")


@runtime_checkable
class Discovering(Protocol):
    """A store that knows series nobody told it of."""

    def known_series(self) -> list[tuple[SeriesKey, bool]]:
        """Returns the key of each series, and whether it is a counter."""
        ...


class PrometheusHistory:
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

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
        counters: NDArray[np.bool_] | None = None,
    ) -> Panel:
        """Returns the grid of cells; see the contract."""
        return build_panel(self._columns, ids, start, end, step, aggregation, counters)

    def samples(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns the samples, ordered by id and time."""
        ids = np.unique(np.asarray(ids, np.int64))
        parts = [
            (at, self._columns(ids[at : at + SLICE], start, end))
            for at in range(0, len(ids), SLICE)
        ]
        if not parts:
            return Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        return Samples(
            np.concatenate([ids[columns.rows + at] for at, columns in parts]),
            np.concatenate([columns.times * MS for _, columns in parts]),
            np.concatenate([columns.values for _, columns in parts]),
        )

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

    def rollup(self, start: int, end: int) -> int:
        """Writes nothing."""
        del start, end
        return 0

    def status(self) -> Mapping[str, object]:
        """Returns whether it answers; never raises."""
        kept = {"engine": "prometheus", "url": self._endpoint.url, "read_only": True}
        try:
            self._now()
        except AiopsError as error:
            return {**kept, "reachable": False, "error": str(error)}
        return {**kept, "reachable": True}

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

    def _columns(self, ids: IntArray, start: int, end: int) -> Columns:
        first, last = whole_cells(start, end)
        first = max(first, 0)
        infos = self._describe(ids) if len(ids) else []
        rows: list[int] = []
        times: list[int] = []
        values: list[float] = []
        row_of = {info.key: row for row, info in enumerate(infos)}
        by_metric: dict[str, list[str]] = {}
        for key in row_of:
            by_metric.setdefault(_metric(key), []).append(key.asset)
        if first < last:
            names = {(_metric(key), key.asset, key.labels): row for key, row in row_of.items()}
            for metric, assets in by_metric.items():
                for labels, samples in self._range(metric, assets, first, last):
                    key = self._key(labels)
                    row = names.get((metric, key.asset, key.labels))
                    for at, value in samples if row is not None else ():
                        time = round(at * 1000)
                        if first <= time < last:
                            rows.append(row or 0)
                            times.append(time)
                            values.append(float(value))
        number = np.array(values, np.float64)
        known = np.isfinite(number)
        return Columns.arrange(
            np.array(rows, np.int64)[known], np.array(times, np.int64)[known], number[known]
        )

    def _range(self, metric: str, assets: Sequence[str], first: int, last: int) -> list[Any]:
        pattern = "|".join(_quoted(asset) for asset in sorted(set(assets)))
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
        try:
            answer = self._endpoint.request(method, path, body, _FORM if body else None)
            parsed = orjson.loads(answer.body)
            if parsed["status"] != "success":
                raise StoreError(f"{self._endpoint.url}: {parsed.get('error', 'no success')}")
            return parsed["data"]
        except (Unreachable, Refused) as error:
            raise StoreError(str(error)) from error
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


def _metric(key: SeriesKey) -> str:
    plain = key.metric.replace(":", "_")  # recording rules have colons in their names
    return key.metric if name_of(plain) == plain else name_of(plain)


def _quoted(text: str) -> str:
    """Escapes a text for RE2."""
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in text)
