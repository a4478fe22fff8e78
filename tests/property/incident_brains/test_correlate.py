import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.contracts.correlator import Alerts, Rhythm, Topology
from aiops.incident.correlate import correlate
from aiops.incident.neighbours import read_neighbours

N = 12
EDGES = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=20)
BURSTS = st.lists(
    st.tuples(st.integers(0, 900), st.integers(1, 40), st.integers(0, 10_000)),
    min_size=1,
    max_size=12,
)


def build(bursts: list[tuple[int, int, int]]) -> Alerts:
    parts = []
    for start, size, seed in bursts:
        rng = np.random.default_rng(seed)
        parts.append(
            np.column_stack(
                [
                    start + rng.exponential(8, size).astype(np.int64),
                    rng.integers(0, N, size),
                    rng.integers(0, 4, size),
                ]
            )
        )
    rows = np.concatenate(parts)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return Alerts(rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2].copy())


def graph(edges: list[tuple[int, int]]) -> Topology:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return Topology(tuple(map(str, range(N))), ends[:, 0], ends[:, 1])


@settings(max_examples=150, deadline=None)
@given(BURSTS, EDGES, st.floats(0.1, 0.95), st.floats(5, 120))
def test_what_is_final_does_not_change_when_later_alerts_come(bursts, edges, share, gap):
    whole = build(bursts)
    near = read_neighbours(graph(edges))
    cut = max(1, int(len(whole) * share))
    cut = int(np.searchsorted(whole.times, whole.times[cut - 1], side="right"))
    early = Alerts(whole.times[:cut], whole.entities[:cut], whole.signals[:cut])
    first = correlate(early, near, Rhythm(gap, 0.2))
    later = correlate(whole, near, Rhythm(gap, 0.2))
    final = np.flatnonzero(early.times < first.provisional)
    pairs = set(zip(first.incident[final].tolist(), later.incident[final].tolist(), strict=True))
    assert len({a for a, _ in pairs}) == len(pairs)
    assert len({b for _, b in pairs}) == len(pairs)


@settings(max_examples=80, deadline=None)
@given(BURSTS, EDGES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_where_times_differ(bursts, edges, rand):
    events = build(bursts)
    keep = np.unique(events.times, return_index=True)[1]
    events = Alerts(events.times[keep], events.entities[keep], events.signals[keep])
    near = read_neighbours(graph(edges))
    shuffled = list(range(len(events)))
    rand.shuffle(shuffled)
    mixed = Alerts(events.times[shuffled], events.entities[shuffled], events.signals[shuffled])
    straight = correlate(events, near, Rhythm(40, 0.2)).incident
    assert correlate(mixed, near, Rhythm(40, 0.2)).incident.tolist() == straight[shuffled].tolist()
