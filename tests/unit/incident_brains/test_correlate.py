import numpy as np
import pytest

from aiops.contracts.correlator import Alerts, Correlator, Rhythm, Topology
from aiops.incident.correlate import TopologyCorrelator, correlate, learn_rhythm
from aiops.incident.neighbours import read_neighbours
from aiops.incident.rhythm import learn_gap

MINUTE = 60.0


def topology(names: str, *edges: str) -> Topology:
    every = names.split()
    pairs = [edge.split(">") for edge in edges]
    source = np.array([every.index(a) for a, _ in pairs], dtype=np.int64)
    target = np.array([every.index(b) for _, b in pairs], dtype=np.int64)
    return Topology(tuple(every), source, target)


def alerts(rows: list[tuple[float, int]] | list[tuple[float, int, int]]) -> Alerts:
    return Alerts(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] if len(row) > 2 else 0 for row in rows], dtype=np.int64),
    )


def groups(events: Alerts, graph: Topology, gap: float = 100, busy: float = 0.0) -> list[int]:
    return correlate(events, read_neighbours(graph), Rhythm(gap, busy)).incident.tolist()


PAIRS = topology("app db web cache", "app>db", "web>cache")


def test_neighbours_alerting_together_are_one_incident_and_strangers_are_two():
    assert groups(alerts([(0, 0), (5, 2), (9, 1), (12, 3)]), PAIRS) == [0, 1, 0, 1]


def test_a_silence_longer_than_the_gap_ends_an_incident():
    assert groups(alerts([(0, 0), (99, 1), (300, 0)]), PAIRS) == [0, 0, 1]


def test_a_late_alert_joins_the_incident_of_its_time_wherever_it_stands_in_the_file():
    rows = [(0, 0), (50, 1), (500, 0)]
    late = groups(alerts([*rows, (60, 0)]), PAIRS)
    assert late == [0, 0, 1, 0]
    assert late[:3] == groups(alerts(rows), PAIRS)


def test_a_repeated_alert_shares_the_incident_of_the_first():
    assert groups(alerts([(0, 0), (0, 0), (0, 0)]), PAIRS) == [0, 0, 0]


def test_two_younger_incidents_become_one_when_a_link_alerts():
    chain = topology("a b c d e", "a>b", "b>c", "c>d", "d>e")
    assert groups(alerts([(0, 0), (1, 4)]), chain) == [0, 1]
    assert groups(alerts([(0, 0), (1, 4), (2, 2)]), chain) == [0, 0, 0]


def test_cycles_loops_and_repeated_edges_in_the_topology_change_nothing():
    tangled = topology("app db web", "app>db", "db>app", "app>app", "app>db")
    assert groups(alerts([(0, 0), (1, 1), (2, 2)]), tangled, busy=1.0) == [0, 0, 1]


def test_a_shared_hub_links_only_when_it_alerts_itself():
    leaves = [f"h{i}" for i in range(200)]
    star = topology(" ".join(["core", *leaves]), *[f"{leaf}>core" for leaf in leaves])
    assert groups(alerts([(0, 1), (1, 2)]), star) == [0, 1]
    assert groups(alerts([(0, 1), (1, 0), (2, 2)]), star) == [0, 0, 0]


def test_an_entity_outside_the_topology_joins_the_only_open_incident():
    graph = topology("app db lone", "app>db")
    assert groups(alerts([(0, 0), (5, 2)]), graph) == [0, 0]


def test_an_entity_outside_the_topology_stays_alone_when_something_is_always_open():
    graph = topology("app db lone", "app>db")
    assert groups(alerts([(0, 0), (5, 2)]), graph, busy=0.9) == [0, 1]


def test_an_entity_outside_the_topology_joins_those_it_was_seen_with():
    graph = topology("app db web cache lone", "app>db", "web>cache")
    rows = [(0, 0), (1, 4), (1000, 0), (1001, 4), (2000, 0), (2001, 2), (2002, 4)]
    assert groups(alerts(rows), graph) == [0, 0, 1, 1, 2, 3, 2]


def test_a_lone_asset_without_topology_is_grouped_by_time():
    assert groups(alerts([(0, 0), (10, 0), (500, 0)]), topology("only")) == [0, 0, 1]


def wave(start: float, entities: range, each: int = 6) -> list[tuple[float, int, int]]:
    return [(start + k + e / 100, e, k) for k in range(each) for e in entities]


def mesh(n: int) -> Topology:
    names = [f"e{i}" for i in range(n)]
    return topology(" ".join([*names, "hub"]), *[f"{name}>hub" for name in names])


def test_a_second_wave_over_the_same_entities_is_a_second_incident():
    rows = [*wave(0, range(8)), *[(60 + 10 * i, i % 3, 9) for i in range(5)], *wave(150, range(8))]
    found = groups(alerts(rows), mesh(8), gap=200)
    assert found[: 48 + 5] == [0] * 53
    assert found[53:] == [1] * 48


def test_a_wave_over_fresh_entities_is_the_same_incident_spreading():
    rows = [*wave(0, range(8)), (70, 0, 9), (120, 1, 9), *wave(150, range(8, 16))]
    assert set(groups(alerts(rows), mesh(16), gap=200)) == {0}


def test_a_precursor_belongs_to_the_storm_it_announced():
    rows = [(0, 0, 0), (60, 1, 0), (110, 0, 1), *wave(150, range(8))]
    assert set(groups(alerts(rows), mesh(8), gap=200)) == {0}


def test_a_flapping_signal_is_no_second_wave():
    flap = [(100 + i / 50, e, 0) for i in range(300) for e in (0,)]
    rows = [*wave(0, range(8)), *flap]
    assert set(groups(alerts(rows), mesh(8), gap=200)) == {0}


def test_ten_thousand_alerts_in_one_second_have_an_answer():
    rng = np.random.default_rng(1)
    n = 10_000
    storm = Alerts(rng.integers(0, 10**9, n), rng.integers(0, 51, n), rng.integers(0, 5, n))
    near = read_neighbours(mesh(50))
    found = correlate(storm, near, learn_rhythm(storm, near))
    assert len(found.incident) == n
    assert found.incident.min() == 0


def test_no_alerts_give_no_incidents():
    nothing = alerts([])
    answer = TopologyCorrelator()
    assert isinstance(answer, Correlator)
    rhythm = answer.learn(nothing, PAIRS)
    assert len(answer.correlate(nothing, PAIRS, rhythm).incident) == 0


def test_the_gap_lies_in_the_empty_stretch_between_two_kinds_of_silence():
    rng = np.random.default_rng(0)
    inside = rng.exponential(5, 2000)
    gap = learn_gap(np.concatenate([inside, rng.uniform(2000, 4000, 30)]))
    assert inside.max() < gap < 2000


def test_the_gap_follows_the_clock_of_the_data():
    rng = np.random.default_rng(0)
    silences = np.concatenate([rng.exponential(5, 500), rng.exponential(3000, 80)])
    assert learn_gap(silences * 1e9) == pytest.approx(learn_gap(silences) * 1e9, rel=1e-6)


def test_independent_alerts_are_joined_by_coincidence_only():
    rng = np.random.default_rng(0)
    silences = rng.exponential(60, 3000)
    assert learn_gap(silences) < 10


def test_a_file_that_holds_one_incident_only_is_one_incident_without_topology():
    rows = [(7 * i, i % 5) for i in range(20)]
    nodes = topology("a b c d e")
    events = alerts(rows)
    near = read_neighbours(nodes)
    assert set(correlate(events, near, learn_rhythm(events, near)).incident.tolist()) == {0}
