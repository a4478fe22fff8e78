"""Drives the production pipeline over recorded history: the clock is the recording's."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from aiops.assemble import assemble, value_terms
from aiops.config import Settings
from aiops.contracts.collector import Collection
from aiops.domain.asset import SYSTEM
from aiops.domain.event import Failure, Maintenance
from aiops.domain.instant import duration, from_ns
from aiops.domain.series import Batch, IntArray, SeriesKey
from aiops.domain.step import HOUR, step_class
from aiops.learn.background import read_background
from aiops.learn.before import Before
from aiops.learn.value import value_report
from aiops.ledger.open import open_ledger
from aiops.pipeline import Pipeline
from aiops.replay.bundle import Bundle
from aiops.replay.kept import WHOLE, Kept
from aiops.replay.report import Judged, Prices, Span, World, judge, report
from aiops.store.engines.memory import MemoryStore
from aiops.store.panels import LivePanels

_NEVER: Final = np.iinfo(np.int64).min

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found.

    Attributes:
        report: As ``report.json`` holds it.
        cadence: Step class in ns to the time between two forecasts, ns.
        value: The value report over the recorded time, as the service itself would write it.
        kept: Every forecast that was made.
    """

    report: dict[str, Any]
    value: dict[str, Any]
    cadence: dict[int, int]
    kept: Kept
    judged: list[Judged]
    world: World
    prices: Prices


def replay(
    bundle: Bundle,
    settings: Settings,
    progress: Progress = lambda _share: None,
    before: Before | None = None,
) -> Replayed:
    """Lives through a bundle at the daemon's default cadence and judges what was said.

    Args:
        before: The time before, which the targets of the value report are held against.

    Nothing is sent: there are no destinations. A round sees failures and repairs that lie
    before its own time, and no later ones.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="aiops-replay-") as folder:
        ledger = open_ledger("sqlite://", from_ns(int(bundle.batch.times[0])), durable=False)
        panels = LivePanels(MemoryStore(), ledger.catalogue, Path(folder), settings.store)
        pipeline = assemble(settings, ledger, panels, limits_are_failures=not bundle.failures)
        kept = Kept(min(WHOLE, settings.incident.close_probability))
        pipeline.keep = kept.keep
        cadence = _live(bundle, pipeline, progress)
        found = ledger.incidents(SYSTEM, limit=1_000_000)
        incidents = sorted(found, key=lambda incident: (incident.opened_at, incident.series))
        first, last = (from_ns(int(bundle.batch.times[i])) for i in (0, -1))
        end = last + timedelta(microseconds=1)
        keys = [incident.key for incident in incidents]
        background = read_background(ledger, SYSTEM, first, end, (), keys)
        pipeline.close()
        panels.close()
        ledger.close()
    world = world_of(bundle)
    grace = settings.incident.grace
    prices = Prices(
        settings.prices.downtime_per_hour,
        settings.prices.false_alarm,
        settings.risk.outage,
        settings.prices.currency,
    )
    judged = judge(incidents, world, grace)
    seconds = time.perf_counter() - began
    terms = value_terms(settings)
    value = value_report(incidents, first, end, *terms, before, background)
    told = report(judged, world, grace, prices, seconds)
    return Replayed(told, value, cadence, kept, judged, world, prices)


def world_of(bundle: Bundle) -> World:
    """Returns what really happened."""
    batch = bundle.batch
    names, asset = np.unique([key.asset for key in batch.series], return_inverse=True)
    asset = asset[batch.rows]
    first, last = np.zeros(len(names), np.int64), np.full(len(names), _NEVER)
    last[asset] = batch.times  # in order of time: the last one stays
    first[asset[::-1]] = batch.times[::-1]
    spans = {
        str(name): Span(from_ns(begin), from_ns(end))
        for name, begin, end in zip(names, first.tolist(), last.tolist(), strict=True)
        if end != _NEVER
    }
    return World(
        spans,
        bundle.failures,
        bundle.maintenance,
        bundle.relatives,
        len(batch),
        len({asset.key for asset in bundle.inventory.assets} | spans.keys()),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """The series of one step class, read as one source would have been."""

    name: str
    step_ns: int
    series: tuple[SeriesKey, ...]
    batch: Batch


def _live(bundle: Bundle, pipeline: Pipeline, progress: Progress) -> dict[int, int]:
    sources = list(_sources(bundle.batch))
    pipeline.load()
    for window in bundle.maintenance:
        if not window.is_repair:
            pipeline.detect.maintenance.setdefault(window.asset, []).append(window)
    cadence = {source.step_ns: pipeline.forecast.cadence_ns(source.step_ns) for source in sources}
    ticks = _ticks(bundle.batch, min(cadence.values()), max(s.step_ns for s in sources))
    places = [0] * len(sources)
    events: list[Failure | Maintenance] = [*bundle.failures]
    events += [m for m in bundle.maintenance if m.is_repair]
    for event in events:
        pipeline.orders.reported = pipeline.orders.reported.with_event(event)
    for number, tick in enumerate(ticks):
        now = from_ns(tick)
        for position, source in enumerate(sources):
            end = int(np.searchsorted(source.batch.times, tick, side="left"))
            start, places[position] = places[position], end
            if end > start:
                part = Batch(
                    source.series,
                    source.batch.rows[start:end],
                    source.batch.times[start:end],
                    source.batch.values[start:end],
                )
                pipeline.collect(
                    source.name, source.step_ns, Collection(part), bundle.inventory, now
                )
        pipeline.analyse(now)
        if number % 64 == 0:
            progress(number / len(ticks))
    progress(1.0)
    return cadence


def _sources(batch: Batch) -> Iterator[_Source]:
    """Yields the series by step class: the median distance of each series' samples."""
    order = np.argsort(batch.rows, kind="stable")  # each series' samples stay in order of time
    rows, times = batch.rows[order], batch.times[order]
    bounds = np.searchsorted(rows, np.arange(len(batch.series) + 1))
    steps = np.array(
        [_step_of(times[a:b]) for a, b in pairwise(bounds.tolist())],
        dtype=np.int64,
    )
    for step in np.unique(steps).tolist():
        mine = np.flatnonzero(steps == step)
        place = np.full(len(batch.series), -1, dtype=np.int32)
        place[mine] = np.arange(len(mine), dtype=np.int32)
        keep = place[batch.rows] >= 0
        series = tuple(batch.series[i] for i in mine)
        part = Batch(series, place[batch.rows[keep]], batch.times[keep], batch.values[keep])
        yield _Source(f"recorded every {duration(step)}", step, series, part)


def _step_of(times: IntArray) -> int:
    gaps = np.diff(times)
    gaps = gaps[gaps > 0]
    return step_class(int(np.median(gaps)) if len(gaps) else HOUR)


def _ticks(batch: Batch, every: int, last_step: int) -> IntArray:
    start = int(batch.times[0]) // every * every + every
    end = int(batch.times[-1]) + 2 * last_step + every
    return np.arange(start, end + every, every, dtype=np.int64)
