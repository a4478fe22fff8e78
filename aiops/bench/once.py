"""A day of a whole fleet through the real pipeline, split by stage."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np

from aiops.assemble import assemble
from aiops.bench.fleet import BEGIN, GeneratedFleet, generate
from aiops.bench.measure import Figure, Stopwatch, cpu_of
from aiops.config import default
from aiops.contracts.collector import Collection
from aiops.contracts.ledger import Ledger
from aiops.domain.instant import from_ns
from aiops.domain.step import MINUTE
from aiops.ledger.open import open_ledger
from aiops.pipeline import Pipeline
from aiops.store.open import open_store
from aiops.store.panels import LivePanels

_HOUR_CELLS = 60
_AFTER = timedelta(minutes=2)


def measure(n_series: int, n_points: int, folder: Path) -> list[Figure]:
    """Collects minute by minute, analyses it as one window, then one new minute more.

    The forecasts' cadence is set to the whole stretch, so that the first analysis is one
    window: each cell is scored once, each limit is looked at once over all the history. What
    fills up opens its incident at once (``incident.hold: 1``).
    """
    fleet = generate(n_series)
    settings = default()
    settings = replace(
        settings,
        forecast=replace(settings.forecast, every=timedelta(minutes=n_points)),
        incident=replace(settings.incident, hold=1),
        store=replace(settings.store, window=timedelta(minutes=n_points + 120)),
    )
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}", from_ns(BEGIN))
    store = open_store(settings.store, folder)
    panels = LivePanels(store, ledger.catalogue, folder, settings.store)
    try:
        pipeline = assemble(settings, ledger, panels)
        pipeline.load()
        try:
            return _run(pipeline, fleet, n_points)
        finally:
            pipeline.close()
    finally:
        panels.close()
        store.close()
        ledger.close()


def _run(pipeline: Pipeline, fleet: GeneratedFleet, n_points: int) -> list[Figure]:
    watch = Stopwatch()
    _observe(pipeline, watch)
    n = len(fleet.keys)
    # The window begins on a boundary of its own length, so that it is analysed in one piece.
    base = -(BEGIN // MINUTE) % n_points
    for begin in range(0, n_points, _HOUR_CELLS):
        cells = np.arange(begin, min(begin + _HOUR_CELLS, n_points)) + base
        _collect(pipeline, watch, fleet, cells)
    collected = dict(watch.seconds)
    watch.seconds.clear()
    matrix = fleet.values(np.arange(base, base + n_points), 1)
    copy = cpu_of(lambda: np.array(matrix))
    end = from_ns(BEGIN + (base + n_points) * MINUTE) + _AFTER
    # Only the code is warmed up (compiled kernels), with rows that are thrown away.
    _warm_up(pipeline, base)
    whole = cpu_of(lambda: pipeline.analyse(end))
    analysed = dict(watch.seconds)
    watch.seconds.clear()
    _collect(pipeline, watch, fleet, np.array([base + n_points]))
    watch.seconds.clear()
    minute = cpu_of(lambda: pipeline.analyse(end + timedelta(minutes=1)))
    column = np.ascontiguousarray(matrix[:, -1])
    cell = _small(column)
    day = f"{n} series x {n_points} minutes"
    floor = "copy the same values as one float64 matrix"
    found = [
        Figure(f"once.{part}", f"{day}, {n_points} batches", seconds, floor, copy)
        for part, seconds in sorted(collected.items())
    ]
    found += [
        Figure(f"once.{part}", f"{day}, one window", seconds, floor, copy)
        for part, seconds in [*sorted(analysed.items()), *_rest(whole, analysed)]
    ]
    opened = len(pipeline.incidents.book.by_key)
    everything = collected["collect"] + whole
    all_of_it = f"{day}, {opened} incidents opened"
    found.append(Figure("once.everything", all_of_it, everything, floor, copy))
    new = f"{n} series, one new minute, no forecast due"
    floor = "copy the same values as one float64 column"
    found += [
        Figure(f"minute.{part}", new, seconds, floor, cell)
        for part, seconds in [*sorted(watch.seconds.items()), ("everything", minute)]
    ]
    return found


def _warm_up(pipeline: Pipeline, base: int) -> None:
    start = BEGIN + base * MINUTE
    row = pipeline.panels.panel(np.array([0]), start, start + 2 * MINUTE, timedelta(minutes=1))
    stage = pipeline.detect.stage
    stage.score(stage.start(1), row)


def _small(column: Any) -> float:
    """Returns the CPU seconds of one copy that is too short to be timed alone."""
    many = 1000

    def copy() -> None:
        for _ in range(many):
            np.array(column)

    return cpu_of(copy) / many


def _rest(whole: float, parts: dict[str, float]) -> list[tuple[str, float]]:
    return [("analyse_rest", max(whole - sum(parts.values()), 0.0))]


def _collect(pipeline: Pipeline, watch: Stopwatch, fleet: GeneratedFleet, cells: Any) -> None:
    values = np.ascontiguousarray(fleet.values(cells, 1).T)
    for cell, row in zip(cells.tolist(), values, strict=True):
        collection = Collection(fleet.batch(cell, row))
        now = from_ns(BEGIN + (cell + 1) * MINUTE)
        with watch.on("collect"):
            pipeline.collect("bench", MINUTE, collection, fleet.inventory, now)


def _observe(pipeline: Pipeline, watch: Stopwatch) -> None:
    """Counts each stage of the pipeline by name."""
    watched = {
        "gate": {"check": "collect_gate"},
        "panels": {"ingest": "collect_store"},
        "detect": {"due": "detect_due", "read": "detect_read", "update": "detect_update"},
        "forecast": {"foresee": "forecast", "evidence": "incident_evidence"},
        "risk": {"note": "risk", "assess": "risk"},
    }
    for name, methods in watched.items():
        setattr(pipeline, name, watch.watch(getattr(pipeline, name), methods))
    pipeline.ledger = cast("Ledger", _Ledger(pipeline.ledger, watch))


class _Ledger:
    """The ledger, whose transactions are counted."""

    def __init__(self, subject: Any, watch: Stopwatch) -> None:
        self._subject = subject
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subject, name)

    def begin(self, *args: Any) -> "_Transaction":
        """Begins a transaction."""
        return _Transaction(self._subject.begin(*args), self._watch)


class _Transaction:
    """A transaction of the ledger whose statements and commit are counted."""

    def __init__(self, subject: Any, watch: Stopwatch) -> None:
        self._subject = subject
        self._watch = watch
        self._on: Any = None

    def __enter__(self) -> Any:
        self._on = self._watch.on("ledger")
        self._on.__enter__()
        return self._subject.__enter__()

    def __exit__(self, *error: object) -> Any:
        try:
            return self._subject.__exit__(*error)
        finally:
            self._on.__exit__(None, None, None)
