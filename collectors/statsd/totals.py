"""What lines add up to between two flushes."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiops.domain.metric import Metric, MetricKind
from collectors.statsd.lines import BadLine, Measurement, parse_line

_KEPT: Final = 2_000
_FORGET_SECONDS: Final = 3600.0

Series = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""Asset, name, type, labels."""


@dataclass(slots=True)
class Total:
    """What is known of one series.

    Attributes:
        heard: When its last line came, in monotonic seconds.
        value: Sum of a counter, level of a gauge, number of timings.
        fresh: Whether a line came since the last flush.
        kept: Timings since the last flush, a fair sample of them when there are many.
        met: Distinct members of a set since the last flush.
    """

    heard: float
    value: float = 0.0
    fresh: bool = False
    seen: int = 0
    kept: list[float] = field(default_factory=list)
    met: set[str] = field(default_factory=set)


Flushed = tuple[str, Metric, float, int, dict[str, str]]
"""Asset, metric, value, time in ns, labels."""


class Totals:
    """Adds lines up; one that is wrong costs no other.

    Counters and the number of timings are kept as totals that only grow, so that a flush which
    was not stored loses nothing: the next one holds it too.
    """

    def __init__(self, asset: str, asset_tag: str, max_series: int) -> None:
        self._asset = asset
        self._tag = asset_tag
        self._max = max_series
        self._totals: dict[Series, Total] = {}
        self._draw = random.Random(0)
        self.dropped: Counter[str] = Counter()

    def add(self, packet: bytes, sender: str, clock: float) -> None:
        """Takes the lines of one packet."""
        for raw in packet.split(b"\n"):
            line = raw.rstrip(b"\r")
            if not line:
                continue
            try:
                measurement = parse_line(line)
                if measurement is not None:
                    self._take(measurement, sender, clock)
            except BadLine as reason:
                self.dropped[str(reason)] += 1

    def flush(self, until_ns: int, clock: float, quantiles: Sequence[float]) -> Iterator[Flushed]:
        """Yields what is known, and begins the next span.

        Args:
            clock: Monotonic seconds of ``until_ns``.
        """
        for series, total in list(self._totals.items()):
            if total.heard < clock - _FORGET_SECONDS:
                del self._totals[series]
                continue
            asset, name, kind, labels = series
            for metric, value, more in _VIEWS[kind](name, total, quantiles):
                # A total is one of now; a level is one of when it was told.
                age = clock - total.heard if metric.kind is MetricKind.GAUGE else 0.0
                at = until_ns - int(max(age, 0.0) * 1000) * 1_000_000
                yield asset, metric, value, at, {**dict(labels), **more}
            total.fresh, total.seen, total.kept, total.met = False, 0, [], set()

    def _take(self, told: Measurement, sender: str, clock: float) -> None:
        tags = dict(told.tags)
        asset = tags.pop(self._tag, "") or self._asset or sender
        series = asset, told.name, told.type, tuple(tags.items())
        total = self._totals.get(series)
        if total is None:
            if len(self._totals) >= self._max:
                raise BadLine("quota")
            total = Total(clock)
        if told.type == "c" and any(float(value) < 0 for value in told.values):
            raise BadLine("negative")
        self._totals[series] = total
        total.heard, total.fresh = clock, True
        if told.type == "s":
            if len(total.met) < _KEPT * 10:
                total.met.add(told.values[0])
            return
        for text in told.values:
            self._count(total, told, float(text))

    def _count(self, total: Total, told: Measurement, value: float) -> None:
        match told.type:
            case "c":
                total.value += value / told.rate
            case "g":
                total.value = total.value + value if told.relative else value
            case _:
                total.value += 1 / told.rate
                total.seen += 1
                # Source: Vitter 1985, algorithm R: every timing is kept with the same chance.
                if len(total.kept) < _KEPT:
                    total.kept.append(value)
                elif (place := self._draw.randrange(total.seen)) < _KEPT:
                    total.kept[place] = value


_View = Iterator[tuple[Metric, float, dict[str, str]]]


def _counter(name: str, total: Total, quantiles: Sequence[float]) -> _View:
    del quantiles
    metric = Metric(name, kind=MetricKind.COUNTER, floor=0.0, provisional=True)
    yield metric, total.value, {}


def _gauge(name: str, total: Total, quantiles: Sequence[float]) -> _View:
    del quantiles
    if total.fresh:
        yield Metric(name, provisional=True), total.value, {}


def _set(name: str, total: Total, quantiles: Sequence[float]) -> _View:
    del quantiles
    if total.fresh:
        yield Metric(name, floor=0.0, provisional=True), float(len(total.met)), {}


def _timings(unit: str) -> Callable[[str, Total, Sequence[float]], _View]:
    def view(name: str, total: Total, quantiles: Sequence[float]) -> _View:
        count = Metric(f"{name}.count", kind=MetricKind.COUNTER, floor=0.0, provisional=True)
        yield count, total.value, {}
        ordered = sorted(total.kept)
        for level in quantiles if ordered else ():
            place = min(int(level * len(ordered)), len(ordered) - 1)
            told = {"quantile": f"{level:g}"}
            yield Metric(name, unit, provisional=True), ordered[place], told

    return view


_VIEWS: Final[dict[str, Callable[[str, Total, Sequence[float]], _View]]] = {
    "c": _counter,
    "g": _gauge,
    "s": _set,
    "ms": _timings("ms"),
    "h": _timings("1"),
}
