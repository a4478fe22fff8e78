import numpy as np
import pytest

from aiops.contracts.correlator import Topology
from aiops.incident.cause import walk
from aiops.incident.episodes import intervals_of
from aiops.incident.neighbours import read_neighbours
from aiops.incident.onsets import _rise


def graph(n: int, seed: int) -> Topology:
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, n, (n, 2))
    return Topology(tuple(map(str, range(n))), ends[:, 0], ends[:, 1])


def distances(topology: Topology, start: int) -> dict[int, int]:
    pairs = set(zip(topology.source.tolist(), topology.target.tolist(), strict=True))
    pairs |= {(b, a) for a, b in pairs}
    found, edge = {start: 0}, {start}
    for step in (1, 2):
        edge = {b for a, b in pairs if a in edge} - found.keys()
        found.update(dict.fromkeys(edge, step))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_intervals_equal_a_search_of_every_earlier_alert_within_two_steps(seed):
    topology = graph(15, seed)
    near = read_neighbours(topology)
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 1000, 60))
    entities = rng.integers(0, 15, 60)
    expected = []
    for i, (t, e) in enumerate(zip(times, entities, strict=True)):
        within = distances(topology, int(e))
        related = within if len(within) > 1 else set(range(15))
        earlier = [times[j] for j in range(i) if entities[j] in related]
        expected.append(t - max(earlier, default=-np.inf))
    assert intervals_of(times, entities, near) == pytest.approx(np.array(expected))


def test_a_rise_equals_counting_by_hand():
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0, 100, 80))
    weight = rng.random(80) < 0.7
    expected = []
    for t in times:
        after = sum(w for x, w in zip(times, weight, strict=True) if t <= x < t + 10)
        before = sum(w for x, w in zip(times, weight, strict=True) if t - 10 <= x < t)
        expected.append((after - before) / np.sqrt(after + before + 1) if t - times[0] >= 10 else 0)
    assert _rise(times, weight, 10.0) == pytest.approx(np.array(expected))


def test_the_walk_is_where_a_dense_chain_comes_to_rest():
    topology = graph(8, 11)
    near = read_neighbours(topology)
    strength = {e: float(e % 4) + 0.5 for e in range(8)}
    weight = np.array([strength[e] for e in range(8)]) + 1e-9
    chain = np.zeros((8, 8))
    for s, t in set(zip(topology.source.tolist(), topology.target.tolist(), strict=True)):
        if s != t:
            chain[s, t] += weight[t]
            chain[t, s] += 0.3 * weight[s]
    for i in range(8):
        chain[i, i] = max(weight[i] - chain[i].max(initial=0.0), 0.0) + 1e-9
    chain /= chain.sum(axis=1, keepdims=True)
    start = weight / weight.sum()
    rest = np.linalg.solve(np.eye(8) - 0.85 * chain.T, 0.15 * start)
    found = walk(strength, near)
    assert [found[e] for e in range(8)] == pytest.approx(rest.tolist(), abs=1e-6)
