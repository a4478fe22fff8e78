"""What others need for the same work, for ``aiops bench --peers``."""

import sqlite3
from pathlib import Path

import numpy as np

from aiops.bench.fleet import BEGIN
from aiops.bench.measure import Figure, cpu_of
from aiops.domain.step import MINUTE

_BATCHES = 20


def measure(n_series: int, _points: int, folder: Path) -> list[Figure]:
    """SQLite with a key over (series, time), held against appending the bytes to a file."""
    connection = sqlite3.connect(folder / "peer.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE d(series INTEGER, t INTEGER, value REAL, PRIMARY KEY(series, t)) "
        "WITHOUT ROWID"
    )
    rng = np.random.default_rng(1)
    ids = np.arange(n_series)
    batches = [
        (BEGIN + cell * MINUTE + ids * 0, np.round(rng.normal(50, 10, n_series), 2))
        for cell in range(_BATCHES)
    ]

    def insert() -> None:
        for times, values in batches:
            rows = zip(ids.tolist(), times.tolist(), values.tolist(), strict=True)
            with connection:
                connection.executemany("INSERT INTO d VALUES (?, ?, ?)", rows)

    def write() -> None:
        with (folder / "peer.bin").open("wb") as file:
            for times, values in batches:
                file.write(ids.tobytes())
                file.write(times.tobytes())
                file.write(values.tobytes())
                file.flush()

    took, floor = cpu_of(insert), cpu_of(write)
    connection.close()
    work = f"{_BATCHES} batches of {n_series} samples into SQLite, each committed"
    return [Figure("peer.sqlite_append", work, took, "write the same bytes to a file", floor)]
