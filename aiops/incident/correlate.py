"""Alerts to incidents: one per underlying problem, online in time order."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.contracts.correlator import Alerts, Correlation, Rhythm, Topology
from aiops.domain.series import FloatArray, IntArray
from aiops.incident.episodes import Episodes, busy_share, intervals_of
from aiops.incident.neighbours import Neighbours, read_neighbours
from aiops.incident.onsets import find_onsets

SETTLED: Final = 2
"""Gaps after which no later alert can change a group: a wave is judged within one and a half."""


@dataclass(frozen=True, slots=True)
class TopologyCorrelator:
    """Groups by time, topology and what is usually seen together.

    A late alert joins the episode that was open at its time. An incident splits, or joins an
    older one, only within two gaps of now, and never again after that.
    """

    def learn(self, alerts: Alerts, topology: Topology) -> Rhythm:
        """Returns gap and busy share of a history."""
        return learn_rhythm(alerts, read_neighbours(topology))

    def correlate(self, alerts: Alerts, topology: Topology, rhythm: Rhythm) -> Correlation:
        """Returns the groups, numbered by their first alert."""
        return correlate(alerts, read_neighbours(topology), rhythm)


def learn_rhythm(alerts: Alerts, near: Neighbours) -> Rhythm:
    """Returns gap and busy share of a history."""
    from aiops.incident.rhythm import learn_gap

    order = np.argsort(alerts.times, kind="stable")
    times = _relative(alerts.times[order])
    gap = learn_gap(intervals_of(times, alerts.entities[order], near))
    return Rhythm(gap, busy_share(times, gap))


def correlate(alerts: Alerts, near: Neighbours, rhythm: Rhythm) -> Correlation:
    """Returns the groups, numbered by their first alert.

    Alerts may come in any order; equal times keep the order given.
    """
    n = len(alerts)
    if not n:
        return Correlation(np.empty(0, np.int64), float("-inf"))
    order = np.argsort(alerts.times, kind="stable")
    times = _relative(alerts.times[order])
    entities = alerts.entities[order]
    state = Episodes(near, rhythm.gap, rhythm.busy)
    taken = [state.take(t, e) for t, e in zip(times.tolist(), entities.tolist(), strict=True)]
    episode = np.array([state.root(number) for number in taken], dtype=np.int64)
    groups = _split(times, entities, alerts.signals[order], episode, rhythm.gap)
    incident = np.empty(n, dtype=np.int64)
    incident[order] = _by_first(groups)
    return Correlation(incident, float(alerts.times.max()) - SETTLED * rhythm.gap)


def _relative(times: IntArray) -> FloatArray:
    """Floats from the first time on: nanoseconds since 1970 would lose their last digits."""
    return (times - times[0]).astype(np.float64) if len(times) else np.empty(0)


def _split(
    times: FloatArray, entities: IntArray, signals: IntArray, episode: IntArray, gap: float
) -> IntArray:
    """Returns the groups after parting episodes at their onsets."""
    order = np.argsort(episode, kind="stable")
    bounds = np.flatnonzero(np.diff(episode[order])) + 1
    groups = np.empty(len(episode), dtype=np.int64)
    number = 0
    for rows in np.split(order, bounds):
        parts = np.zeros(len(rows), dtype=np.int64)
        parts[find_onsets(times[rows], entities[rows], signals[rows], gap)] = 1
        groups[rows] = number + np.cumsum(parts)
        number = int(groups[rows[-1]]) + 1
    return groups


def _by_first(groups: IntArray) -> IntArray:
    """Renumbers groups by their first row."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse]
