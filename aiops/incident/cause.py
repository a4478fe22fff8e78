"""Which entity a fault started from, by its metrics and the topology; each call stands alone.

Every entity is as suspect as its metrics deviate. A random walk then carries suspicion from
callers to what they depend on, stays where nothing below deviates as much, and seldom goes back:
where it mostly stands is the cause that explains the others.

Source: Kim, Sumbaly, Shah, "Root cause detection in a service-oriented architecture"
(MonitorRank), 2013; Wu et al., "MicroRCA", 2020; self-loops and way back as in Wang et al.,
"CloudRanger", 2018.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.contracts.cause import Cause, Measures, MetricCause
from aiops.contracts.correlator import Alerts, Topology
from aiops.contracts.errors import NotEnoughHistory
from aiops.domain.series import FloatArray, IntArray
from aiops.incident.change_point import find_change
from aiops.incident.deviation import NOTHING, Deviation, measure_deviation
from aiops.incident.neighbours import Neighbours, read_neighbours
from aiops.incident.suspects import rank_suspects

BACK: Final = 0.3
"""Weight of a step back to a caller: the middle of what CloudRanger tried (0.1 to 0.5)."""
EARLY: Final = 0.25
"""Weight of having left its past first against how far; as for alerts."""
FOLLOW: Final = 0.85
"""Chance to walk on instead of starting anew (Page et al., PageRank, 1999)."""
ROUNDS: Final = 100
STANDS_OUT: Final = float(np.log1p(3.0))
"""Strength of three spreads: what a reader would call deviating."""


@dataclass(frozen=True, slots=True)
class EvidenceCauseRanker:
    """Ranks causes from alerts (rarity, order, groups) or from metrics (deviation, topology)."""

    def rank_alerts(
        self, alerts: Alerts, incident: IntArray, topology: Topology, signal_names: tuple[str, ...]
    ) -> list[list[Cause]]:
        """Returns causes per incident, best first."""
        return rank_suspects(alerts, incident, read_neighbours(topology), signal_names)

    def rank_metrics(
        self, measures: Measures, topology: Topology, at: int | None
    ) -> tuple[int, list[MetricCause]]:
        """Returns the onset (given or found) and every entity once, best first."""
        return rank_metrics(measures, topology, at)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What one entity's metrics say.

    Attributes:
        first: Rank of its first outlying row among all times after, or -1.
    """

    strength: float
    metric: int
    deviation: Deviation
    deviating: int
    first: int


def rank_metrics(
    measures: Measures,
    topology: Topology,
    at: int | None,
    write: Callable[[float], str] = "{:.4g}".format,
) -> tuple[int, list[MetricCause]]:
    """Returns the onset (given or found) and every entity with metrics once, best first.

    Args:
        at: Rows before it are normal, rows at or after it the fault; None to find it.
        write: How a value is written in a reason.

    Raises:
        NotEnoughHistory: No finite value on one side of the onset.
    """
    good = np.flatnonzero(np.isfinite(measures.values))
    entity, metric = measures.entities[good], measures.metrics[good]
    times, values = measures.times[good], measures.values[good]
    if at is None:
        if len(np.unique(times)) < 2:
            raise NotEnoughHistory("samples at two times at least are needed to find the fault")
        series = entity * np.int64(len(measures.metric_names)) + metric
        at = find_change(times, series, values)
    for side, rows in (("before", times < at), ("at or after", times >= at)):
        if not rows.any():
            raise NotEnoughHistory(f"there is no sample {side} the fault; give another time")
    evidence = _weigh(entity, metric, times, values, at)
    for silent in np.unique(measures.entities).tolist():
        evidence.setdefault(silent, _Evidence(0.0, -1, NOTHING, 0, -1))
    near = read_neighbours(topology)
    stands = walk(_early_first(evidence), near)
    # The walk's rounding noise must not order entities about which nothing is known.
    order = sorted(stands, key=lambda e: (-round(stands[e], 12), -evidence[e].strength, e))
    said = [
        MetricCause(
            e,
            evidence[e].metric,
            stands[e],
            _reason(e, evidence, near, measures.metric_names, write),
        )
        for e in order
    ]
    return at, said


def _weigh(
    entity: IntArray, metric: IntArray, times: IntArray, values: FloatArray, at: int
) -> dict[int, _Evidence]:
    order = np.lexsort((times, metric, entity))
    change = (np.diff(entity[order]) != 0) | (np.diff(metric[order]) != 0)
    later = np.unique(times[times >= at])
    found: dict[int, list[tuple[Deviation, int, int]]] = {}
    for rows in np.split(order, np.flatnonzero(change) + 1):
        split = int(np.searchsorted(times[rows], at))
        moved = measure_deviation(values[rows[:split]], values[rows[split:]])
        first = -1
        if moved.first >= 0:
            first = int(np.searchsorted(later, times[rows[split + moved.first]]))
        found.setdefault(int(entity[rows[0]]), []).append((moved, int(metric[rows[0]]), first))
    return {e: _sum_up(rows) for e, rows in found.items()}


def _sum_up(rows: list[tuple[Deviation, int, int]]) -> _Evidence:
    """The second strongest metric counts half, the third a third: they move together."""
    rows = sorted(rows, key=lambda row: (-row[0].strength, row[1]))
    total = sum(row[0].strength / (i + 1) for i, row in enumerate(rows))
    firsts = [row[2] for row in rows if row[2] >= 0 and row[0].strength >= STANDS_OUT]
    deviating = sum(row[0].strength >= STANDS_OUT for row in rows)
    return _Evidence(total, rows[0][1], rows[0][0], deviating, min(firsts, default=-1))


def _early_first(evidence: dict[int, _Evidence]) -> dict[int, float]:
    """Returns strengths, raised the earlier an entity left its past."""
    turns = sorted({found.first for found in evidence.values() if found.first >= 0})
    place = {turn: 1 - i / len(turns) for i, turn in enumerate(turns)}
    return {
        entity: found.strength * (1 + EARLY * place.get(found.first, 0.0))
        for entity, found in evidence.items()
    }


def walk(strength: dict[int, float], near: Neighbours) -> dict[int, float]:
    """Returns how much of its time a random walk spends at each entity.

    Entities without metrics are no stations.
    """
    from scipy import sparse

    entities = sorted(strength)
    place = {entity: i for i, entity in enumerate(entities)}
    weight = np.array([strength[entity] for entity in entities]) + 1e-9
    rows: list[int] = []
    columns: list[int] = []
    steps: list[float] = []
    for i, entity in enumerate(entities):
        below = [place[t] for t in near.needs[entity] if t in place]
        above = [place[s] for s in near.needed_by[entity] if s in place]
        ways: dict[int, float] = {}
        for j in above:
            ways[j] = ways.get(j, 0.0) + BACK * float(weight[j])
        for j in below:
            ways[j] = ways.get(j, 0.0) + float(weight[j])
        stay = float(weight[i]) - max(ways.values(), default=0.0)
        ways[i] = max(stay, 0.0) + 1e-9
        total = sum(ways.values())
        for j, way in ways.items():
            rows.append(i)
            columns.append(j)
            steps.append(way / total)
    n = len(entities)
    onward = sparse.csr_matrix((steps, (rows, columns)), shape=(n, n)).T.tocsr()
    start = weight / weight.sum()
    now = start.copy()
    for _ in range(ROUNDS):
        now = FOLLOW * (onward @ now) + (1 - FOLLOW) * start
    return {entity: float(now[i]) for entity, i in place.items()}


def _reason(
    entity: int,
    evidence: dict[int, _Evidence],
    near: Neighbours,
    metric_names: tuple[str, ...],
    write: Callable[[float], str],
) -> str:
    own = evidence[entity]
    if own.metric < 0 or own.deviation.strength == 0:
        return "nothing of it deviates"
    moved = own.deviation
    way = "rose" if moved.after > moved.before else "fell"
    before, after = write(moved.before), write(moved.after)
    change = f"{way} from {before} to {after}" if before != after else f"stayed at {after}"
    usual = f"{moved.spreads:.1f} times its usual spread"
    said = [f"{metric_names[own.metric]} {change}, {usual}"]
    if own.deviating > 1:
        said.append(f"{own.deviating} metrics deviate")
    if own.first == 0:
        said.append("from the first sample on")
    callers = sum(evidence[e].deviating > 0 for e in near.needed_by[entity] if e in evidence)
    if callers:
        said.append(f"{callers} that depend on it deviate too")
    below = [e for e in near.needs[entity] if e in evidence]
    if below and all(evidence[e].strength < own.strength for e in below):
        said.append("nothing it depends on deviates as much")
    return "; ".join(said)
