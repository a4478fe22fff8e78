"""What the pages draw of an asset's series, read through the reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from aiops.contracts.dashboard import Reader
from aiops.contracts.errors import StoreError
from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Coverage, Crossing
from aiops.domain.incident import Incident
from aiops.domain.instant import from_ns, to_ns
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, SeriesInfo, SeriesKey
from aiops.domain.step import HOUR, STEP_CLASSES
from dashboards._figures import Signal

_POINTS = 400
_LONGEST_HISTORY = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class World:
    """Declarations that are read once per page."""

    metrics: Mapping[str, Metric]
    limit_by_place: Mapping[tuple[str, str], Limit]

    @classmethod
    def of(cls, reader: Reader) -> "World":
        """Reads metrics and limits."""
        limits = {(limit.asset, limit.metric): limit for limit in reader.limits()}
        return cls(reader.ledger.metrics(), limits)

    def limit(self, key: SeriesKey) -> Limit | None:
        """Returns the limit of a series: its asset's own, or that of every asset."""
        places = self.limit_by_place
        return places.get((key.asset, key.metric)) or places.get(("", key.metric))

    def unit(self, metric: str) -> str:
        """Returns the unit of a metric."""
        known = self.metrics.get(metric)
        return known.unit if known else ""

    def possible(self, metric: str, values: Sequence[float] | FloatArray) -> list[float]:
        """Returns the values cut at the metric's physical bounds, as a plot shows them."""
        known = self.metrics.get(metric)
        floor = known.floor if known else None
        ceiling = known.ceiling if known else None
        low = -np.inf if floor is None else floor
        high = np.inf if ceiling is None else ceiling
        cut: list[float] = np.clip(np.asarray(values, np.float64), low, high).tolist()
        return cut


def week_rows(reader: Reader, infos: Sequence[SeriesInfo], now: datetime) -> dict[int, list[float]]:
    """Returns the values of the last seven days by id: hourly, finer where there are only a few.

    Empty while the series store is away: a page shows what is known without it.
    """
    try:
        return _week_rows(reader, infos, now) if infos else {}
    except StoreError:
        return {}


def _week_rows(
    reader: Reader, infos: Sequence[SeriesInfo], now: datetime
) -> dict[int, list[float]]:
    end = (to_ns(now) // HOUR + 1) * HOUR
    ids = np.array([info.id for info in infos], np.int64)
    panel = reader.panels.panel(ids, end - 168 * HOUR, end, timedelta(hours=1))
    enough = np.isfinite(panel.values).sum(axis=1) > 3
    found = {info.id: panel.values[row].tolist() for row, info in enumerate(infos)}
    young = [info for row, info in enumerate(infos) if not enough[row]]
    for key, (_, values) in recent(reader, young, now, timedelta(hours=6)).items():
        if values:
            found[key] = values
    return found


def recent(
    reader: Reader, infos: Sequence[SeriesInfo], now: datetime, span: timedelta
) -> dict[int, tuple[list[datetime], list[float]]]:
    """Returns the recent past of many series by id, as fine as a plot can show.

    Where values began only late in the span, that last part alone is read again, finer.
    """
    found: dict[int, tuple[list[datetime], list[float]]] = {}
    again: list[SeriesInfo] = []
    oldest = now
    for step in sorted({_plot_step(info.step_ns, span) for info in infos}):
        group = [info for info in infos if _plot_step(info.step_ns, span) == step]
        end = (to_ns(now) // step + 1) * step
        start = end - -(-int(span.total_seconds() * 1e9) // step) * step
        ids = np.array([info.id for info in group], np.int64)
        panel = reader.panels.panel(ids, start, end, timedelta(microseconds=step // 1000))
        for row, info in enumerate(group):
            times, values = _known(panel, row)
            found[info.id] = (times, values)
            finer = _plot_step(info.step_ns, span / 4) < step
            if times and finer and now - times[0] < span / 5:
                again.append(info)
                oldest = min(oldest, times[0])
    if again:
        found.update(recent(reader, again, now, (now - oldest) * 1.1))
    return found


def _known(panel: Panel, row: int) -> tuple[list[datetime], list[float]]:
    """The cells from the first known value to the last one."""
    values = panel.values[row]
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return [], []
    first, last = int(known[0]), int(known[-1]) + 1
    return [from_ns(t) for t in panel.times[first:last].tolist()], values[first:last].tolist()


def limited_signal(
    reader: Reader, info: SeriesInfo, limit: Limit | None, crossing: Crossing | None, world: World
) -> Signal:
    """Returns a limited series with its forecast, seen over a span that fits the forecast.

    Where the crossing abstains no forecast is drawn either: a line nobody stands for misleads.
    """
    now = reader.now()
    stands = crossing is not None and crossing.abstained is Abstention.NONE
    forecast = reader.forecast(info.key) if stands else None
    answered = forecast is not None and not forecast.reason[0]
    span = _LONGEST_HISTORY
    future: list[datetime] = []
    levels: list[float] = []
    quantiles: list[list[float]] = []
    if forecast is not None and answered:
        ahead = forecast.step * forecast.horizon
        every = -(-forecast.horizon // _POINTS)
        steps = range(every - 1, forecast.horizon, every)
        origin = from_ns(forecast.origin)
        future = [origin + forecast.step * (k + 1) for k in steps]
        levels = forecast.levels.tolist()
        quantiles = [world.possible(info.key.metric, forecast.quantiles[0, k]) for k in steps]
        span = min(max(ahead * 2, timedelta(minutes=10)), _LONGEST_HISTORY)
    times, values = recent(reader, [info], now, span)[info.id]
    if not times and span < _LONGEST_HISTORY:
        times, values = recent(reader, [info], now, _LONGEST_HISTORY)[info.id]
    likely = crossing is not None and (crossing.probability or 0) >= 0.05
    met = crossing if likely else None
    return Signal(
        name=info.key.signal,
        metric=info.key.metric,
        unit=world.unit(info.key.metric),
        times=times,
        values=values,
        at=now,
        future=future,
        levels=levels,
        quantiles=quantiles,
        limit=_limit_now(limit, crossing),
        warn=crossing.warn.limit if crossing and crossing.warn else None,
        direction=str(crossing.direction if crossing else limit.direction if limit else "up"),
        early=met.early if met else None,
        likely=met.likely if met else None,
        late=met.late if met else None,
        coverage=forecast.coverage if forecast is not None else (),
    )


def _limit_now(limit: Limit | None, crossing: Crossing | None) -> float | None:
    """Returns the limit that was looked ahead for: one that moves has no other value."""
    if crossing is not None and np.isfinite(crossing.limit):
        return crossing.limit
    return limit.fail if limit is not None and not limit.of else None


def evidence_signal(incident: Incident, world: World) -> Signal | None:
    """Returns the frozen evidence of an incident, None when it holds no history."""
    evidence = incident.evidence
    history = _mapping(evidence.get("history"))
    times = _times(history.get("t"))
    values = _numbers(history.get("v"))
    if not times or len(times) != len(values):
        return None
    forecast = _mapping(evidence.get("forecast"))
    future, levels = _times(forecast.get("t")), _numbers(forecast.get("levels"))
    metric = incident.series.metric
    rows = [world.possible(metric, _numbers(row)) for row in forecast.get("q") or ()]
    if len(rows) != len(future) or any(len(row) != len(levels) for row in rows):
        future, levels, rows = [], [], []
    signal = _mapping(evidence.get("signal"))
    limit = evidence.get("limit")
    predicted = incident.predicted
    return Signal(
        name=incident.series.signal,
        metric=metric,
        unit=str(signal.get("unit", "")),
        times=times,
        values=values,
        at=incident.opened_at,
        future=future,
        levels=levels,
        quantiles=rows,
        limit=float(limit) if isinstance(limit, int | float) else None,
        warn=_mapping(evidence.get("warn")).get("limit"),
        direction=str(evidence.get("direction", Direction.UP)),
        early=predicted.early if predicted else None,
        likely=predicted.likely if predicted else None,
        late=predicted.late if predicted else None,
        frozen=True,
        coverage=[
            Coverage(float(each["promised"]), float(each["held"]), int(each["cells"]))
            for each in map(_mapping, forecast.get("coverage") or ())
        ],
    )


def abstention_key(reason: Abstention) -> str:
    """Returns the text key of an abstention."""
    return f"abstention.{reason.name.lower()}"


def parse_time(text: object) -> datetime | None:
    """Returns an ISO time, None when it is none."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _plot_step(step_ns: int, span: timedelta) -> int:
    least = max(step_ns, int(span.total_seconds() * 1e9) // _POINTS)
    return next((step for step in STEP_CLASSES if step >= least), STEP_CLASSES[-1])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _times(values: Any) -> list[datetime]:
    parsed = [parse_time(value) for value in values or ()]
    return [time for time in parsed if time is not None]


def _numbers(values: Any) -> list[float]:
    return [
        float(value) if isinstance(value, int | float) else float("nan") for value in values or ()
    ]
