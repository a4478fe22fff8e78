import numpy as np
import pytest

from aiops.contracts.cause import CauseRanker, Measures
from aiops.contracts.correlator import Alerts, Topology
from aiops.contracts.errors import NotEnoughHistory
from aiops.incident.cause import EvidenceCauseRanker, rank_metrics
from aiops.incident.change_point import find_change
from aiops.incident.deviation import measure_deviation
from aiops.incident.neighbours import read_neighbours
from aiops.incident.story import tell_incident
from aiops.incident.suspects import rank_suspects

SHOP = Topology(
    ("api", "db", "pod-0", "pod-1", "web"), np.array([4, 0, 0, 0]), np.array([0, 1, 2, 3])
)
API, DB, POD0, POD1, WEB = range(5)


def suspects(rows: list[tuple[int, int, int, int]]) -> list[list[int]]:
    """Rows are incident, time, entity, signal."""
    table = np.array(rows, dtype=np.int64)
    events = Alerts(table[:, 1], table[:, 2], table[:, 3])
    words = tuple(f"s{i}" for i in range(10))
    ranked = rank_suspects(events, table[:, 0], read_neighbours(SHOP), words)
    return [[cause.entity for cause in causes] for causes in ranked]


HABIT = [(k, 100 * k + e, e, 0) for k in range(5) for e in (WEB, API, DB)]


def test_what_was_never_seen_there_is_suspected_before_what_always_alerts():
    now = [(5, 500, WEB, 0), (5, 501, API, 0), (5, 502, DB, 7), (5, 503, DB, 0)]
    assert suspects([*HABIT, *now])[5][0] == DB


def test_a_cause_uses_nothing_that_comes_after_its_incident():
    later = [(6, 600 + i, DB, 7) for i in range(3)]
    now = [(5, 500, WEB, 0), (5, 502, DB, 7)]
    assert suspects([*HABIT, *now]) == suspects([*HABIT, *now, *later])[:6]


def test_a_group_whose_members_show_it_together_is_suspected_before_each_member():
    now = [(5, 500, WEB, 0), (5, 501, POD0, 8), (5, 501, POD1, 8)]
    past = [(k, 100 * k + 50, pod, 8) for k in range(1) for pod in (POD0, POD1)]
    assert suspects([*HABIT, *past, *now])[5][0] == API


def test_a_member_alone_is_suspected_before_its_group():
    now = [(5, 500, WEB, 0), (5, 501, POD0, 8)]
    ranked = suspects([*HABIT, *now])[5]
    assert ranked[0] == POD0


def test_a_cause_tells_its_reason():
    events = Alerts(np.array([0, 1]), np.array([DB, WEB]), np.array([0, 1]))
    [causes] = rank_suspects(
        events, np.zeros(2, np.int64), read_neighbours(SHOP), ("disk full", "slow")
    )
    assert causes[0].entity == DB
    assert "disk full" in causes[0].reason
    said = tell_incident("T", 1, ["db", "web"], 2, causes, SHOP.names)
    assert "probable cause db" in said


def measures(series: dict[tuple[int, int], list[float]]) -> Measures:
    rows = [(t, e, m, v) for (e, m), values in series.items() for t, v in enumerate(values)]
    columns = list(zip(*rows, strict=True))
    return Measures(
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.int64),
        np.array(columns[3], dtype=np.float64),
        ("latency", "cpu"),
    )


def calm(seed: int, n: int = 40, level: float = 10.0) -> list[float]:
    return (level + np.random.default_rng(seed).normal(0, 0.5, n)).tolist()


def slow(seed: int, by: float, at: int = 40, n: int = 6) -> list[float]:
    return [*calm(seed, at), *(np.array(calm(seed + 50, n)) + by).tolist()]


def test_a_dependency_that_deviates_explains_its_callers():
    table = measures({(WEB, 0): slow(1, 9), (API, 0): slow(2, 9), (DB, 0): slow(3, 8)})
    _, causes = rank_metrics(table, SHOP, 40)
    assert next(cause.entity for cause in causes) == DB
    assert "depend on it deviate" in causes[0].reason


def test_a_caller_is_the_cause_when_nothing_below_it_deviates():
    table = measures({(WEB, 0): slow(1, 9), (API, 0): slow(2, 9), (DB, 0): slow(3, 0)})
    _, causes = rank_metrics(table, SHOP, 40)
    assert causes[0].entity == API


def test_every_entity_with_metrics_is_ranked_once_even_without_a_value():
    table = measures({(WEB, 0): slow(1, 9), (DB, 1): [float("nan")] * 46, (API, 0): slow(2, 0)})
    _, causes = rank_metrics(table, SHOP, 40)
    assert sorted(cause.entity for cause in causes) == [API, DB, WEB]
    assert causes[-1].entity == DB


def test_a_topology_with_a_cycle_and_unknown_nodes_still_ranks():
    graph = Topology((*SHOP.names, "ghost"), np.array([4, 0, 1, 5]), np.array([0, 1, 4, 0]))
    table = measures({(WEB, 0): slow(1, 1), (API, 0): slow(2, 1), (DB, 0): slow(3, 30)})
    _, causes = rank_metrics(table, graph, 40)
    assert causes[0].entity == DB


def test_the_fault_is_found_where_most_metrics_change():
    table = measures({(WEB, 0): slow(1, 9), (API, 0): slow(2, 9), (DB, 0): slow(3, 8)})
    at, _ = rank_metrics(table, SHOP, None)
    assert at == 40


def test_a_single_spike_is_not_the_fault():
    values = {(e, 0): slow(e + 1, 6) for e in (WEB, API, DB)}
    values[WEB, 0][10] = 1e6
    assert rank_metrics(measures(values), SHOP, None)[0] == 40


def test_a_fault_outside_the_samples_is_refused_with_a_reason():
    table = measures({(WEB, 0): calm(1)})
    with pytest.raises(NotEnoughHistory, match="before"):
        rank_metrics(table, SHOP, -5)
    with pytest.raises(NotEnoughHistory, match="at or after"):
        rank_metrics(table, SHOP, 4000)


def test_two_times_are_the_least_a_change_needs():
    with pytest.raises(ValueError, match="two times"):
        find_change(np.zeros(3, np.int64), np.zeros(3, np.int64), np.ones(3))


def test_a_metric_that_often_wanders_is_blamed_less_than_one_that_never_did():
    wander = np.repeat(np.random.default_rng(0).normal(10, 5, 10), 4)
    steady = np.array(calm(1))
    after = np.full(4, 16.0)
    assert measure_deviation(wander, after).strength < measure_deviation(steady, after).strength


def test_a_metric_that_stood_still_says_no_more_than_how_often_it_was_seen():
    assert measure_deviation(np.zeros(10), np.full(3, 1e9)).spreads < 2.5
    assert (
        measure_deviation(np.zeros(1000), np.ones(3)).spreads
        > measure_deviation(np.zeros(10), np.ones(3)).spreads
    )


def test_an_unchanged_metric_does_not_deviate():
    assert measure_deviation(np.full(20, 3.3), np.full(4, 3.3)).strength == 0


def test_a_change_of_scale_or_unit_does_not_change_the_strength():
    before, after = np.array(calm(1)), np.full(4, 13.0)
    assert measure_deviation(before * 1e6, after * 1e6).strength == pytest.approx(
        measure_deviation(before, after).strength
    )


def test_the_ranker_keeps_its_contract():
    ranker = EvidenceCauseRanker()
    assert isinstance(ranker, CauseRanker)
    events = Alerts(np.array([0]), np.array([DB]), np.array([0]))
    assert ranker.rank_alerts(events, np.zeros(1, np.int64), SHOP, ("x",))[0][0].entity == DB
    at, causes = ranker.rank_metrics(measures({(DB, 0): slow(3, 8)}), SHOP, 40)
    assert (at, causes[0].entity) == (40, DB)


def test_a_ceiling_that_is_passed_was_none():
    latency = np.array([4.8, 4.7, 4.8, 4.8, 4.8, 4.75, 4.8])
    assert measure_deviation(latency, np.array([6.0, 6.1])).spreads < 10
    available = np.array([100.0, 99.9, 100.0, 100.0, 100.0, 99.9, 100.0])
    assert measure_deviation(available, np.array([99.0, 99.0])).spreads > 10
