"""A year of a whole fleet, as a bundle for ``aiops replay``, and what the replay of it costs.

    python bench/fleet_year.py FOLDER [--assets 100] [--days 365]     writes the bundle
    python bench/fleet_year.py FOLDER --run                           replays it, CPU time by part

Ten metrics of each asset at five minutes: daily and weekly load, memory that leaks until a
restart, a volume that fills until it is cleaned or full (a failure), temperatures, counts, bursts.
Three of them have limits. A hundred assets for a year are 105 million samples.
"""

import argparse
import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from aiops.config import Settings
from aiops.detect.fleet import DetectFleet
from aiops.incident.stage import IncidentStage
from aiops.pipeline import Pipeline
from aiops.replay.bundle import read_bundle
from aiops.replay.drive import replay

START = datetime(2025, 1, 1, tzinfo=UTC)
DAY = 288
LIMITS = {"cpu.utilization": 0.98, "memory.utilization": 0.95, "volume.utilization": 0.95}
UNITS = {
    "cpu.utilization": "1", "memory.utilization": "1", "volume.utilization": "1",
    "temperature": "Cel", "fan": "1/min", "requests": "1/s", "latency": "s", "errors": "1/s",
    "queue": "1", "io": "By/s",
}  # fmt: skip


def smooth(rng, cells, keep):
    """Returns noise of unit size with memory."""
    noise = rng.normal(size=cells) * np.sqrt(1 - keep * keep)
    return lfilter([1.0], [1, -keep], noise)


def teeth(rng, cells, low, high, days):
    """Climbs from low to high again and again; each climb takes some days, or is cut short."""
    level, ends = [], []
    while sum(map(len, level)) < cells:
        long = max(2 * DAY, int(rng.uniform(0.6, 1.6) * days * DAY))
        level.append(np.linspace(low, rng.uniform(low + 0.1, high), long))
        ends.append(sum(map(len, level)))
    return np.concatenate(level)[:cells], [end for end in ends if end < cells]


def one_asset(rng, cells):
    """Returns the ten metrics, and the cells at which the volume was full."""
    t = np.arange(cells) + rng.integers(0, 7 * DAY)
    load = 0.5 + 0.3 * np.sin(2 * np.pi * t / DAY + rng.uniform(0, 6))
    load *= 1 - 0.4 * ((t // DAY) % 7 >= 5)
    busy = load * np.exp(0.15 * smooth(rng, cells, 0.97))
    memory, _ = teeth(rng, cells, 0.4, 0.9, rng.uniform(5, 30))
    volume, cleaned = teeth(rng, cells, 0.3, 1.0, rng.uniform(20, 90))
    full = [end for end in cleaned if volume[end - 1] >= LIMITS["volume.utilization"]]
    heat = 40 + 15 * busy + smooth(rng, cells, 0.995)
    rows = {
        "cpu.utilization": np.clip(0.75 * busy + 0.02 * rng.normal(size=cells), 0, 1),
        "memory.utilization": np.clip(memory + 0.005 * rng.normal(size=cells), 0, 1),
        "volume.utilization": np.clip(volume + 0.001 * rng.normal(size=cells), 0, 1),
        "temperature": heat,
        "fan": 900 + 20 * heat + 15 * rng.normal(size=cells),
        "requests": rng.poisson(200 * busy).astype(float),
        "latency": np.exp(-3 + busy + 0.3 * rng.normal(size=cells)),
        "errors": rng.poisson(0.05, cells).astype(float),
        "queue": np.maximum(0, smooth(rng, cells, 0.9) * 3 + 5 * busy),
        "io": 1e6 * np.exp(smooth(rng, cells, 0.9)),
    }
    return rows, full


def write(folder, assets, days):
    """Writes the bundle; times of one metric after another, as an export would."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, cells = np.random.default_rng(3), days * DAY
    times = pd.date_range(START, periods=cells, freq="5min")
    frames, failures = [], []
    for number in range(assets):
        name = f"srv-{number:03d}"
        rows, full = one_asset(rng, cells)
        failures += [
            (name, (START + timedelta(minutes=5 * end)).isoformat(), "full") for end in full
        ]
        frames += [
            pd.DataFrame({"time": times, "asset": name, "metric": metric, "value": values})
            for metric, values in rows.items()
        ]
    samples = pd.concat(frames, ignore_index=True)
    for column in ("asset", "metric"):
        samples[column] = samples[column].astype("category")
    samples.to_parquet(folder / "samples.parquet", index=False)
    pd.DataFrame({"asset": [f"srv-{k:03d}" for k in range(assets)], "kind": "host"}).to_csv(
        folder / "assets.csv", index=False
    )
    pd.DataFrame(
        [(name, unit, "gauge", "up", LIMITS.get(name)) for name, unit in UNITS.items()],
        columns=["metric", "unit", "kind", "bad_direction", "limit"],
    ).to_csv(folder / "metrics.csv", index=False)
    pd.DataFrame(failures, columns=["asset", "time", "kind"]).to_csv(
        folder / "failures.csv", index=False
    )
    print(f"{len(samples)} samples, {len(failures)} failures")


def run(folder):
    """Replays the bundle in this process and prints what it cost, whole and by part."""
    spent = {}

    def timed(owner, name):
        does = getattr(owner, name)

        def count(*given, **named):
            begin = time.process_time()
            try:
                return does(*given, **named)
            finally:
                spent[name] = spent.get(name, 0.0) + time.process_time() - begin

        setattr(owner, name, count)

    for owner, name in (
        (DetectFleet, "read"), (DetectFleet, "update"), (Pipeline, "_foresee"),
        (IncidentStage, "decide"), (Pipeline, "_analyse"), (Pipeline, "collect"),
    ):  # fmt: skip
        timed(owner, name)
    begin, clock = time.process_time(), time.perf_counter()
    bundle = read_bundle(folder)
    spent["read_bundle"] = time.process_time() - begin
    tenths = iter(range(1, 11))
    mark = next(tenths)

    def progress(share):
        nonlocal mark
        if mark is not None and share >= mark / 10:
            print(f"  {mark * 10} %: {time.process_time() - begin:.0f} CPU s", flush=True)
            mark = next(tenths, None)

    found = replay(bundle, Settings(), progress)
    cpu, clock = time.process_time() - begin, time.perf_counter() - clock
    count = len(bundle.batch.times)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} samples: {cpu:.0f} CPU s, {clock:.0f} s, {1e6 * cpu / count:.2f} us a sample, "
          f"peak {peak:.0f} MiB; {len(found.kept)} forecasts")  # fmt: skip
    for name, seconds in spent.items():
        print(f"  {name}: {seconds:.1f} CPU s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--assets", type=int, default=100)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--run", action="store_true")
    given = parser.parse_args()
    if given.run:
        run(given.folder)
    else:
        write(given.folder, given.assets, given.days)


if __name__ == "__main__":
    main()
