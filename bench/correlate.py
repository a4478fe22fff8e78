"""100,000 anomalies over 10,000 assets with topology, correlated and judged on one core.

Run: python bench/correlate.py [--alerts N --assets M]
The floor is a plain sort of the same alerts by time and a count by entity.
"""

import argparse
import json
import resource
import time

import numpy as np

from aiops.contracts.correlator import Alerts, Topology
from aiops.incident.correlate import correlate, learn_rhythm
from aiops.incident.neighbours import read_neighbours
from aiops.incident.suspects import rank_suspects

MINUTE = 60 * 10**9


def build_fleet(n_assets: int, seed: int = 7) -> Topology:
    """Racks of 40 hosts, services over five hosts each, one core switch below every rack."""
    rng = np.random.default_rng(seed)
    racks = max(n_assets // 50, 1)
    services = max(n_assets // 10, 1)
    hosts = n_assets - racks - services - 1
    names = (
        *(f"host-{i}" for i in range(hosts)),
        *(f"service-{i}" for i in range(services)),
        *(f"rack-{i}" for i in range(racks)),
        "core",
    )
    host = np.arange(hosts)
    rack = hosts + services + host % racks
    service = hosts + np.repeat(np.arange(services), 5)
    source = np.concatenate([host, service, hosts + services + np.arange(racks)])
    target = np.concatenate(
        [rack, rng.integers(0, hosts, services * 5), np.full(racks, n_assets - 1)]
    )
    return Topology(names, source.astype(np.int64), target.astype(np.int64))


def build_storm(n_alerts: int, topology: Topology, seed: int = 7) -> Alerts:
    """A third noise, a third rack failures, a third one storm inside a second."""
    rng = np.random.default_rng(seed)
    n_assets = len(topology.names)
    day = 24 * 60 * MINUTE
    third = n_alerts // 3
    noise = rng.integers(0, day, third)
    start = rng.integers(0, day, max(third // 60, 1))
    which = rng.integers(0, len(start), third)
    racks = max(n_assets // 50, 1)
    hosts = n_assets - racks - max(n_assets // 10, 1) - 1
    group = rng.integers(0, racks, len(start))
    burst = start[which] + rng.exponential(2 * MINUTE, third).astype(np.int64)
    rest = n_alerts - 2 * third
    storm = day // 2 + rng.integers(0, 10**9, rest)
    entity = np.concatenate(
        [
            rng.integers(0, n_assets, third),
            (group[which] + racks * rng.integers(0, 40, third)) % max(hosts, 1),
            rng.integers(0, n_assets, rest),
        ]
    )
    times = np.concatenate([noise, burst, storm])
    return Alerts(times, np.minimum(entity, n_assets - 1), rng.integers(0, 20, n_alerts))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--assets", type=int, default=10_000)
    options = parser.parse_args()
    topology = build_fleet(options.assets)
    alerts = build_storm(options.alerts, topology)
    laps = [time.process_time()]
    near = read_neighbours(topology)
    laps.append(time.process_time())
    rhythm = learn_rhythm(alerts, near)
    laps.append(time.process_time())
    answer = correlate(alerts, near, rhythm)
    laps.append(time.process_time())
    rank_suspects(alerts, answer.incident, near, tuple(f"signal-{i}" for i in range(20)))
    laps.append(time.process_time())
    order = np.argsort(alerts.times, kind="stable")
    np.bincount(alerts.entities[order])
    floor = time.process_time() - laps[-1]
    stages = ("topology", "rhythm", "correlate", "causes")
    print(
        json.dumps(
            {
                "alerts": len(alerts),
                "assets": options.assets,
                "incidents": int(answer.incident.max()) + 1,
                "gap_seconds": rhythm.gap / 1e9,
                "cpu_seconds": dict(zip(stages, np.diff(laps).round(3).tolist(), strict=True)),
                "total_cpu_seconds": round(laps[-1] - laps[0], 3),
                "floor_cpu_seconds": round(floor, 4),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
