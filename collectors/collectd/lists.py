"""From collectd's value lists to samples.

Source: collectd wiki, "JSON" and "Data source types".
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, TypeGuard

from aiops.contracts.book import SeriesBook
from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Limit, Metric, MetricKind
from aiops.domain.series import SeriesKey
from collectors.collectd.settings import CollectdSettings

_UP: Final = Direction.UP
UTILIZATION: Final = Metric(
    "system.filesystem.utilization", "1", bad_direction=_UP, floor=0, ceiling=1
)
LOADS: Final = {
    name: Metric(f"system.cpu.load_average.{n}m", "{thread}", bad_direction=_UP, floor=0)
    for name, n in (("shortterm", 1), ("midterm", 5), ("longterm", 15))
}
_KINDS: Final = {
    "gauge": MetricKind.GAUGE,
    "derive": MetricKind.COUNTER,
    "counter": MetricKind.COUNTER,
    "absolute": MetricKind.GAUGE,
}
_NAMES: Final = ("host", "plugin", "plugin_instance", "type", "type_instance")
# collectd stamps each value by itself, milliseconds apart; its shortest interval is longer.
_SAME_NS: Final = 100_000_000
_MAX_TEXT: Final = 1 << 10
_MAX_SECONDS: Final = 2**63 / 1e9


class BadList(Exception):
    """A value list that is not used; the message is the reason."""


@dataclass(slots=True)
class Lists:
    """Samples of one body."""

    rows: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, row: int, time: int, value: float) -> None:
        """Takes one sample."""
        self.rows.append(row)
        self.times.append(time)
        self.values.append(value)


class ListReader:
    """Reads bodies of one source; remembers its series and half-told volumes."""

    def __init__(self, settings: CollectdSettings) -> None:
        self._settings = settings
        self.book = SeriesBook()
        self._spaces: dict[tuple[str, str], tuple[int, dict[str, float]]] = {}

    def read(self, document: list[Any]) -> Lists:
        """Takes a body apart; a bad list costs no other."""
        if len(self.book) > self.book.forget_beyond:
            self._spaces.clear()
        self.book.trim()
        found = Lists()
        for told in document:
            try:
                self._list(found, told)
            except BadList as reason:
                found.dropped[str(reason)] += 1
        return found

    def _list(self, found: Lists, told: Any) -> None:
        if not isinstance(told, Mapping) or not isinstance(told.get("values"), list):
            raise BadList("parse")
        named = {name: told.get(name) or "" for name in _NAMES}
        if not all(isinstance(text, str) and len(text) <= _MAX_TEXT for text in named.values()):
            raise BadList("labels")
        if not named["host"] or not named["plugin"] or "\x00" in "".join(named.values()):
            raise BadList("labels")
        values, kinds, names = told["values"], told.get("dstypes"), told.get("dsnames")
        if not isinstance(kinds, list) or not isinstance(names, list):
            raise BadList("parse")
        if not len(values) == len(kinds) == len(names):
            raise BadList("parse")
        time = told.get("time")
        if not _is_number(time) or not 0 < time < _MAX_SECONDS:
            raise BadList("no_time")
        at = round(time * 1000) * 1_000_000
        for name, kind, value in zip(names, kinds, values, strict=True):
            if value is None:
                found.dropped["non_finite"] += 1
                continue
            number = _read(kind, value, told.get("interval"))
            if number is None or not isinstance(name, str):
                found.dropped["type"] += 1
            else:
                self._value(found, named, name, kind, at, number)

    def _value(
        self, found: Lists, named: Mapping[str, str], name: str, kind: str, at: int, value: float
    ) -> None:
        host = Asset(named["host"])
        if named["plugin"] == "load" and name in LOADS:
            metric = LOADS[name]
            found.add(self.book.row(SeriesKey(host.key, metric.name), metric, host), at, value)
            return
        if named["type"] == "df_complex":
            self._space(found, host, named, at, value)
        parts = ["collectd", named["plugin"]]
        parts += [named["type"]] if named["type"] != named["plugin"] else []
        parts += [name] if name != "value" else []
        parts += ["rate"] if kind == "absolute" else []
        text = ".".join(parts)
        if any(fnmatchcase(text, pattern) for pattern in self._settings.exclude):
            return
        labels = {
            label: named[key]
            for label, key in (("instance", "plugin_instance"), ("type", "type_instance"))
            if named[key]
        }
        key = SeriesKey.of(host.key, text, labels)
        row = self.book.find(key)
        if row is None:
            row = self.book.row(key, Metric(text, kind=_KINDS[kind], provisional=True), host)
        found.add(row, at, value)

    def _space(
        self, found: Lists, host: Asset, named: Mapping[str, str], at: int, value: float
    ) -> None:
        """Computes a volume's utilization as df does, once used and free of a time are known."""
        place = host.key, named["plugin_instance"]
        before = self._spaces.get(place)
        same = before is not None and abs(at - before[0]) < _SAME_NS
        known = before[1] if before is not None and same else {}
        known[named["type_instance"]] = value
        self._spaces[place] = at, known
        used, free = known.get("used"), known.get("free")
        if named["type_instance"] not in {"used", "free"} or used is None or free is None:
            return
        if used < 0 or free < 0 or used + free == 0:
            return
        key = f"{host.key}/volume:{named['plugin_instance']}"
        volume = Asset(key, "volume", f"{host.key} {named['plugin_instance']}", parent=host.key)
        self.book.limit(Limit(UTILIZATION.name, _UP, 1.0, 0.9, key))
        row = self.book.row(SeriesKey(key, UTILIZATION.name), UTILIZATION, host, volume)
        found.add(row, at, used / (used + free))


def _read(kind: Any, value: Any, interval: Any) -> float | None:
    """Returns a value as its kind is read, None when it cannot be."""
    if kind not in _KINDS or not _is_number(value):
        return None
    if kind != "absolute":
        return float(value)
    return value / interval if _is_number(interval) and interval > 0 else None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
