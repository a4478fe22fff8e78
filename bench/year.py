"""A year of volumes that fill, as a bundle for ``aiops replay``: ``python bench/year.py FOLDER``.

Twelve volumes of three services, one sample an hour. In each cycle a volume is quiet, then fills;
it is full (a failure, until somebody cleans it), is cleaned in time (a repair), or stops filling by
itself (a trap for predictions). Beside the bundle lie ``tickets.csv``, the tickets of the 120 days
before, and ``year.yaml``, prices and services. All of it follows from the seed.
"""

import argparse
import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2025, 1, 1, tzinfo=UTC)
HOURS = 365 * 24
LIMIT = 0.95
METRIC = "system.filesystem.utilization"
SERVICES = ("shop", "billing", "mail")
SETTINGS = """\
ladder: {start: act}
prices: {currency: EUR, downtime_per_hour: 800, false_alarm: 100}
services:
  - {key: shop, name: Shop, owner: web, price_per_hour: 5000, objective: 0.995}
  - {key: billing, name: Billing, owner: finance, price_per_hour: 2000, objective: 0.99}
  - {key: mail, name: Mail, owner: office, price_per_hour: 300, objective: 0.99}
"""


def live(rng):
    """Returns levels by hour, hours of failures with their length, and hours of repairs."""
    levels, failures, repairs = [], [], []
    while len(levels) < HOURS:
        base = rng.uniform(0.3, 0.5)
        quiet = int(rng.uniform(8, 22) * 24)
        filling = int(rng.uniform(2, 6) * 24)
        rise = base + (LIMIT + 0.01 - base) * np.arange(filling + 1) / filling
        ending = rng.random()
        levels += [base] * quiet
        if ending < 0.5:
            levels += list(rise)
            failures.append((len(levels) - 1, int(rng.uniform(2, 7))))
            levels += [LIMIT + 0.02] * failures[-1][1]
        elif ending < 0.8:
            levels += list(rise[rise < rng.uniform(0.8, 0.9)])
            repairs.append(len(levels))
        else:
            levels += list(rise[rise < rng.uniform(0.65, 0.8)])
            levels += [levels[-1]] * int(rng.uniform(3, 6) * 24)
    level = np.array(levels[:HOURS])
    wave = 0.008 * np.sin(np.arange(HOURS) * 2 * np.pi / 24 + rng.uniform(0, 6))
    level = np.clip(level + np.where(level < LIMIT, wave, 0) + rng.normal(0, 0.002, HOURS), 0, 1)
    return level, [f for f in failures if f[0] < HOURS], [r for r in repairs if r < HOURS]


def write(path, header, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--volumes", type=int, default=12)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(given.seed)
    times = [(START + timedelta(hours=h)).isoformat() for h in range(HOURS)]
    assets, samples, failed, mended = [], [], [], []
    for number in range(given.volumes):
        host, service = f"srv-{number:02d}", SERVICES[number % len(SERVICES)]
        volume = f"{host}/volume:/data"
        assets += [(host, "host", service, "", ""), (volume, "volume", service, host, "ops")]
        level, failures, repairs = live(rng)
        samples += [(at, volume, METRIC, f"{v:.4f}") for at, v in zip(times, level, strict=True)]
        failed += [(volume, times[hour], "full") for hour, _ in failures]
        cleaned = [*repairs, *(hour + length for hour, length in failures)]
        mended += [(volume, times[h], times[h], "repair") for h in sorted(cleaned) if h < HOURS]
    folder = given.folder
    write(folder / "assets.csv", ("asset", "kind", "service", "parent", "owner"), assets)
    write(
        folder / "metrics.csv",
        ("metric", "unit", "kind", "bad_direction", "limit"),
        [(METRIC, "1", "gauge", "up", LIMIT)],
    )
    write(folder / "samples.csv", ("time", "asset", "metric", "value"), samples)
    write(folder / "failures.csv", ("asset", "time", "kind"), failed)
    write(folder / "maintenance.csv", ("asset", "start", "end", "kind"), mended)
    beside = folder.parent
    (beside / "year.yaml").write_text(SETTINGS)
    opened = [START - timedelta(days=float(d)) for d in sorted(rng.uniform(1, 120, 60))]
    hours = rng.lognormal(np.log(9), 0.5, 60)
    write(
        beside / "tickets.csv",
        ("opened", "closed", "cost"),
        [
            (at.isoformat(), (at + timedelta(hours=float(h))).isoformat(), f"{h * 2600:.0f}")
            for at, h in zip(opened, hours, strict=True)
        ],
    )
    print(f"{len(samples)} samples, {len(failed)} failures, {len(mended)} repairs")


if __name__ == "__main__":
    main()
