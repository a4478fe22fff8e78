"""Live window and store: reads of a day, durable batches beside a reader."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from aiops.bench.fleet import BEGIN, STEP, generate
from aiops.bench.measure import Figure, cpu_of, in_turns
from aiops.domain.series import IntArray, Samples
from aiops.domain.step import DAY, MINUTE
from aiops.store.catalogue import MemoryCatalogue
from aiops.store.open import open_store
from aiops.store.panels import LivePanels
from aiops.store.settings import StoreSettings
from aiops.store.window import Window

BATCHES: Final = 100
_LATENCY_BATCHES: Final = 200
_BATCH: Final = 5000


def _samples(ids: IntArray, cell: int, rng: np.random.Generator) -> Samples:
    """One scrape: two decimals, an offset of each series."""
    times = BEGIN + cell * MINUTE + ids * 11 % 50_000 * 1_000_000
    return Samples(ids, times, np.round(rng.normal(50, 10, len(ids)), 2))


def measure_reads(n_series: int, n_points: int, folder: Path) -> list[Figure]:
    """The last ``n_points`` minutes of all series, from the window and from the store."""
    rng = np.random.default_rng(2)
    settings = StoreSettings(window=timedelta(minutes=n_points + 120))
    store = open_store(settings, folder)
    catalogue = MemoryCatalogue()
    ids = catalogue.ids(generate(n_series).keys, MINUTE)
    live = LivePanels(store, catalogue, folder, settings)
    for begin in range(0, n_points, 60):
        cells = range(begin, min(begin + 60, n_points))
        many = [_samples(ids, cell, rng) for cell in cells]
        live.ingest(
            Samples(
                np.concatenate([batch.ids for batch in many]),
                np.concatenate([batch.times for batch in many]),
                np.concatenate([batch.values for batch in many]),
            )
        )
    start, end = BEGIN, BEGIN + n_points * MINUTE
    raw, raw32 = folder / "raw.npy", folder / "raw32.npy"
    values = live.panel(ids, start, end, STEP).values
    np.save(raw, values)
    np.save(raw32, values.astype(np.float32))
    del values
    work = f"panel of {n_series} series x {n_points} minutes, float64 with quality"
    floor64 = "read the same float64 bytes from a memory map (.npy)"
    floor32 = "read the same cells as float32 from a memory map (.npy)"

    def read(path: Path) -> Callable[[], object]:
        return lambda: np.array(np.load(path, mmap_mode="r"))

    def from_window() -> object:
        return live.panel(ids, start, end, STEP)

    def from_store() -> object:
        return store.panel(ids, start, end, STEP)

    def mapped() -> object:
        held = Window(next((folder / "window").glob("*.f32")), writable=False)
        rows = held.rows_of(ids)
        runs = held.columns(start // MINUTE, end // MINUTE)
        parts = [held.matrix[rows[0] : rows[-1] + 1, run] for run in runs]
        return np.concatenate(parts, axis=1)

    # The engine's buffers are kept out of the turns of the others: whoever comes after them
    # pays for what they left in caches and heap.
    took = in_turns(read(raw), read(raw32), from_window, mapped)
    found = [
        Figure("store.window_read", work, took[2], floor64, took[0], 1.0),
        Figure("store.window_read_float32", work, took[2], floor32, took[1], 1.0),
        Figure(
            "store.window_map_cells",
            f"{n_series} x {n_points} float32 cells copied out of the window's own file",
            took[3],
            floor32,
            took[1],
            1.0,
        ),
    ]
    took = in_turns(read(raw), from_store)
    found.append(Figure("store.read_open_day", work, took[1], floor64, took[0], 8.0))
    store.rollup(BEGIN, BEGIN + n_points * MINUTE + 3 * DAY)
    took = in_turns(read(raw), from_store)
    found.append(Figure("store.read_closed_day", work, took[1], floor64, took[0], 8.0))
    live.close()
    store.close()
    return found


def measure_ingest(n_series: int, _points: int, folder: Path) -> list[Figure]:
    """Durable batches through window and store, beside the bare engine; then the latency."""
    import duckdb

    size = min(n_series, _BATCH)
    rng = np.random.default_rng(1)
    settings = StoreSettings()
    catalogue = MemoryCatalogue()
    ids = catalogue.ids(generate(size).keys, MINUTE)
    behind = open_store(settings, folder / "live")
    live = LivePanels(behind, catalogue, folder / "live", settings)
    plain = open_store(settings, folder / "plain")
    bare = duckdb.connect(str(folder / "bare.duckdb"))
    bare.execute("CREATE TABLE d(series INTEGER, t INTEGER, value DOUBLE)")
    bare.execute("CHECKPOINT")
    made = [_samples(ids, cell, rng) for cell in range(BATCHES + 1)]
    live.ingest(made[0])
    plain.append(made[0])
    total = np.zeros(3)
    for batch in made[1:]:
        columns = {
            "series": batch.ids.astype(np.int32),
            "t": ((batch.times - BEGIN) // 1_000_000).astype(np.int32),
            "value": batch.values,
        }
        total += [
            cpu_of(partial(live.ingest, batch)),
            cpu_of(partial(plain.append, batch)),
            cpu_of(partial(_insert, bare, columns)),
        ]
    work = f"{BATCHES} batches of {size} samples, each committed"
    floor = "DuckDB's own append of the same arrays, committed"
    quiet = _latency(live, ids, BATCHES + 1, rng, reading=False)
    busy = _latency(live, ids, BATCHES + 1 + _LATENCY_BATCHES, rng, reading=True)
    live.close()
    behind.close()
    plain.close()
    bare.close()
    return [
        Figure("store.append", work, total[1], floor, total[2], 1.5),
        Figure("store.ingest_with_window", work, total[0], floor, total[2], 1.5),
        Figure(
            "store.ingest_p99_seconds_beside_reader",
            f"WALL seconds, p99 of {_LATENCY_BATCHES} batches of {size} (goal 0.05); "
            f"p50 {busy[0] * 1e3:.1f} ms",
            busy[1],
            f"WALL seconds, p99 of the same without a reader; p50 {quiet[0] * 1e3:.1f} ms",
            quiet[1],
        ),
    ]


def _insert(bare: Any, rows: dict[str, Any]) -> int:
    bare.execute("INSERT INTO d SELECT series, t, value FROM rows").fetchall()
    return len(rows)


def _latency(
    live: LivePanels, ids: IntArray, first: int, rng: np.random.Generator, *, reading: bool
) -> tuple[float, float]:
    """Returns wall p50 and p99 (s), beside a thread that reads what is held all the time."""
    done = threading.Event()
    end = BEGIN + first * MINUTE
    start = max(BEGIN, end - DAY)

    def read() -> None:
        while not done.is_set():
            live.panel(ids, start, end, STEP)

    reader = threading.Thread(target=read)
    if reading:
        reader.start()
    waited = []
    try:
        for number in range(first, first + _LATENCY_BATCHES):
            batch = _samples(ids, number, rng)
            begin = time.perf_counter()
            live.ingest(batch)
            waited.append(time.perf_counter() - begin)
    finally:
        done.set()
        if reading:
            reader.join()
    return float(np.percentile(waited, 50)), float(np.percentile(waited, 99))
