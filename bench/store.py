"""The series stores against plain operations over the same bytes, in the same run.

``python -m bench.store --series 5000 --points 1440`` prints one row a stage as JSON.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from aiops.domain.panel import Aggregation
from aiops.domain.series import Samples, SeriesKey
from aiops.domain.step import DAY, MINUTE
from aiops.store.catalogue import MemoryCatalogue
from aiops.store.open import open_store
from aiops.store.panels import LivePanels
from aiops.store.settings import StoreSettings
from aiops.store.window import Window
from aiops.testing.panels import MONDAY

ROUNDS = 7
STEP = timedelta(minutes=1)


def row(stage: str, work: str, cpu: float, floor: str, floor_cpu: float) -> dict[str, Any]:
    return {
        "stage": stage,
        "work": work,
        "cpu_seconds": round(cpu, 6),
        "floor": floor,
        "floor_cpu_seconds": round(floor_cpu, 6),
        "ratio": round(cpu / floor_cpu, 3),
    }


def in_turns(*works: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Returns the median CPU seconds of each, taken in turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for mine, work in zip(taken, works, strict=True):
            begin = time.process_time()
            kept = work()
            mine.append(time.process_time() - begin)
            del kept
    return [float(np.median(mine[1:])) for mine in taken]


def make_batch(ids: np.ndarray, number: int, rng: np.random.Generator) -> Samples:
    """One scrape of all series: percent with two decimals, an offset of each series."""
    times = MONDAY + number * MINUTE + (ids * 11) % 50_000 * 1_000_000
    return Samples(ids, times, np.round(rng.normal(50, 10, len(ids)), 2))


def bench_ingest(series: int, batches: int, folder: Path) -> list[dict[str, Any]]:
    """Durable batches through the live panels and the store, beside the bare engine."""
    import duckdb

    rng = np.random.default_rng(1)
    settings = StoreSettings()
    store = open_store(settings, folder / "ingest")
    keys = tuple(SeriesKey(f"host-{number}", "cpu") for number in range(series))
    catalogue = MemoryCatalogue()
    ids = catalogue.ids(keys, MINUTE)
    live = LivePanels(store, catalogue, folder / "ingest", settings)
    plain = open_store(settings, folder / "plain")
    bare = duckdb.connect(str(folder / "bare.duckdb"))
    bare.execute("CREATE TABLE d(series INTEGER, t INTEGER, value DOUBLE)")
    bare.execute("CHECKPOINT")
    made = [make_batch(ids, number, rng) for number in range(batches)]
    columns = [
        {
            "series": batch.ids.astype(np.int32),
            "t": ((batch.times - MONDAY) // 1_000_000).astype(np.int32),
            "value": batch.values,
        }
        for batch in made
    ]
    live.ingest(made[0])
    plain.append(made[0])
    taken: dict[str, list[float]] = {"live": [], "store": [], "bare": []}
    for batch, rows in zip(made[1:], columns[1:], strict=True):
        begin = time.process_time()
        live.ingest(batch)
        middle = time.process_time()
        plain.append(batch)
        after = time.process_time()
        insert(bare, rows)
        taken["live"].append(middle - begin)
        taken["store"].append(after - middle)
        taken["bare"].append(time.process_time() - after)
    total = {name: sum(values) for name, values in taken.items()}
    work = f"{batches - 1} batches of {series} samples, each committed"
    floor = "DuckDB: insert the same columns, commit"
    found = [
        row("store.append", work, total["store"], floor, total["bare"]),
        row("store.ingest_with_window", work, total["live"], floor, total["bare"]),
    ]
    quiet = latency_beside_reader(live, ids, batches, rng, reading=False)
    busy = latency_beside_reader(live, ids, 2 * batches, rng, reading=True)
    found.append(
        row(
            "store.ingest_wall_p99_beside_reader",
            f"batches of {series}; p50 {busy[0] * 1e3:.1f} ms",
            busy[1],
            "wall p99 of the same without a reader",
            quiet[1],
        )
    )
    live.close()
    store.close()
    plain.close()
    bare.close()
    return found


def insert(bare: Any, rows: dict[str, np.ndarray]) -> int:
    bare.execute("INSERT INTO d SELECT series, t, value FROM rows").fetchall()
    return len(rows)


def latency_beside_reader(
    live: LivePanels, ids: np.ndarray, first: int, rng: np.random.Generator, *, reading: bool
) -> tuple[float, float]:
    """Returns wall p50 and p99 (s) of 200 batches, beside a thread that reads all panels."""
    done = threading.Event()
    end = MONDAY + (first // 60 + 1) * 60 * MINUTE

    def read() -> None:
        while not done.is_set():
            live.panel(ids, end - DAY, end, STEP, Aggregation.LAST)

    reader = threading.Thread(target=read)
    if reading:
        reader.start()
    waited = []
    for number in range(first, first + 200):
        batch = make_batch(ids, number, rng)
        begin = time.perf_counter()
        live.ingest(batch)
        waited.append(time.perf_counter() - begin)
    done.set()
    if reading:
        reader.join()
    return float(np.percentile(waited, 50)), float(np.percentile(waited, 99))


def bench_reads(series: int, points: int, folder: Path) -> list[dict[str, Any]]:
    """The last ``points`` minutes of all series: window, store, closed day, plain map."""
    rng = np.random.default_rng(2)
    settings = StoreSettings(window=timedelta(minutes=points + 120))
    store = open_store(settings, folder / "reads")
    keys = tuple(SeriesKey(f"host-{number}", "cpu") for number in range(series))
    catalogue = MemoryCatalogue()
    ids = catalogue.ids(keys, MINUTE)
    live = LivePanels(store, catalogue, folder / "reads", settings)
    for begin in range(0, points, 60):
        many = [make_batch(ids, n, rng) for n in range(begin, min(begin + 60, points))]
        live.ingest(
            Samples(
                np.concatenate([batch.ids for batch in many]),
                np.concatenate([batch.times for batch in many]),
                np.concatenate([batch.values for batch in many]),
            )
        )
    start, end = MONDAY, MONDAY + points * MINUTE
    raw = folder / "raw.npy"
    np.save(raw, live.panel(ids, start, end, STEP).values.astype(np.float32))

    def plain() -> object:
        return np.array(np.load(raw, mmap_mode="r"))

    def plain_float64() -> object:
        values = np.load(raw, mmap_mode="r").astype(np.float64)
        return values, np.isnan(values)

    window = Window(next((folder / "reads" / "window").glob("*.f32")), writable=False)
    rows = window.rows_of(ids)
    first, last = start // MINUTE, end // MINUTE

    def matrix() -> object:
        low = first % window.cells
        high = low + last - first
        if high <= window.cells:
            return np.array(window.matrix[rows[0] : rows[-1] + 1, low:high])
        return np.concatenate(
            [
                window.matrix[rows[0] : rows[-1] + 1, low:],
                window.matrix[rows[0] : rows[-1] + 1, : high - window.cells],
            ],
            axis=1,
        )

    def from_window() -> object:
        return live.panel(ids, start, end, STEP)

    def from_store() -> object:
        return store.panel(ids, start, end, STEP)

    work = f"panel of {series} series x {points} cells"
    floor = "copy the same float32 matrix out of a memory-mapped .npy"
    found = []
    took = in_turns(plain, matrix, from_window, plain_float64, from_store)
    found.append(row("store.window_matrix", work, took[1], floor, took[0]))
    found.append(row("store.window_panel", work, took[2], floor, took[0]))
    found.append(
        row("store.window_panel_as_float64", work, took[2], "the same, as float64 with NaN mask",
            took[3])
    )  # fmt: skip
    found.append(row("store.panel_open_day", work, took[4], floor, took[0]))
    store.rollup(MONDAY, MONDAY + points * MINUTE + 3 * DAY)
    took = in_turns(plain, from_store)
    found.append(row("store.panel_closed_day", work, took[1], floor, took[0]))
    one = ids[series // 2 : series // 2 + 1]
    took = in_turns(plain, lambda: store.panel(one, start, end, STEP))
    found.append(row("store.one_series_closed", f"1 of {series} series", took[1], floor, took[0]))
    live.close()
    store.close()
    return found


def run(series: int = 5000, points: int = 1440, batches: int = 200) -> list[dict[str, Any]]:
    """Returns a row for each stage."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return bench_reads(series, points, folder) + bench_ingest(series, batches, folder)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=5000)
    parser.add_argument("--points", type=int, default=1440)
    parser.add_argument("--batches", type=int, default=200)
    given = parser.parse_args()
    for each in run(given.series, given.points, given.batches):
        print(json.dumps(each))


if __name__ == "__main__":
    main()
