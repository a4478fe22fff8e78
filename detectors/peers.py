"""Peer comparison: one asset does what its siblings do not.

What all siblings do together is their median; each keeps its usual distance from it. A distance
is measured in its own usual deviation or in the median deviation of the siblings just now,
whichever is larger, so that what moves all of them moves no score.

Source: median and MAD across a group (Rousseeuw and Croux, JASA 88, 1993); steps of what is
usual are limited (Huber 1964).
"""

import itertools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.contracts.detector import DetectorScope
from aiops.contracts.plugin import NoSettings, Plugin
from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel
from aiops.domain.state import State
from detectors._streaming import HIGHEST, LARGEST, WARM_UP, least_scale, limited, pace, surprise

VERSION: Final = "peers-1"
MEMBERS: Final = 64
"""Siblings that a group remembers; those with the lowest ids."""
_FEWEST: Final = 3
_NORMAL: Final = 1.4826
_CELLS: Final = 576.0
_NUMBERS: Final = 5
"""Usual distance, usual deviation, cells seen, least and greatest deviation."""
_NOBODY: Final = -1

_MISSING: Final = int(Abstention.MISSING)
_BAD: Final = int(Abstention.BAD_DATA)
_WARMING: Final = int(Abstention.WARMING_UP)
_ALONE: Final = int(Abstention.SHORT_HISTORY)


@dataclass(frozen=True, slots=True)
class Peers:
    """Scores the members of groups; one unit is one group of siblings."""

    scope: DetectorScope = DetectorScope.PEERS
    version: str = VERSION

    def start(self, n_units: int) -> State:
        """Returns the state of groups that have seen nothing."""
        return State(
            self.version,
            {
                "member": np.full((n_units, MEMBERS), _NOBODY, np.int64),
                "numbers": np.zeros((n_units, MEMBERS, _NUMBERS)),
            },
        )

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells; a contribution is the score of one sibling."""
        member, numbers = (state.arrays[name].copy() for name in ("member", "numbers"))
        rows = np.arange(len(panel.series), dtype=np.int64)
        groups = np.zeros_like(rows) if panel.groups is None else panel.groups
        place = _places(member, panel.series, groups)
        good = panel.usable & (np.abs(panel.values) < LARGEST)
        values = np.where(np.abs(panel.values) < 1.0 / LARGEST, 0.0, panel.values)
        shape = values.shape
        own, expected = np.full(shape, np.nan), np.full(shape, np.nan)
        why = np.where(np.isnan(values), _MISSING, _BAD).astype(np.uint8)
        order = np.lexsort((place, groups))
        edges = np.searchsorted(groups[order], np.arange(len(member) + 1))
        _LOOP(values, good, order, edges, place, numbers, own, expected, why)
        score, reason = _by_group(own, why, order, edges)
        after = State(self.version, {"member": member, "numbers": numbers})
        return after, Scores(score, own, reason, expected)


def _places(
    member: NDArray[np.int64], series: NDArray[np.int64], groups: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Returns the place of each row in its group's memory; newcomers get one by their ids."""
    place = np.full(len(series), MEMBERS, np.int64)
    for row in np.argsort(series, kind="stable"):
        known = member[groups[row]]
        found = np.flatnonzero((known == series[row]) | (known == _NOBODY))
        if len(found):
            mine = np.flatnonzero(known == series[row])
            place[row] = mine[0] if len(mine) else found[0]
            known[place[row]] = series[row]
    return place


def _by_group(
    own: NDArray[np.float64],
    why: NDArray[np.uint8],
    order: NDArray[np.int64],
    edges: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Returns the strangest sibling's score of each group, and why there is none."""
    score = np.full((len(edges) - 1, own.shape[1]), np.nan)
    reason = np.full(score.shape, _MISSING, np.uint8)
    for group, (first, last) in enumerate(itertools.pairwise(edges)):
        if first == last:
            continue
        rows = order[first:last]
        answered = np.isfinite(own[rows])
        best = np.where(answered, own[rows], -np.inf).max(axis=0)
        some = answered.any(axis=0)
        score[group] = np.where(some, best, np.nan)
        reason[group] = np.where(some, 0, why[rows].max(axis=0))
    return score, reason


def _run(
    values: Any, good: Any, order: Any, edges: Any, place: Any, numbers: Any,
    own: Any, expected: Any, why: Any,
) -> None:  # fmt: skip
    for group in range(len(edges) - 1):
        rows = order[edges[group] : edges[group + 1]]
        apart = np.empty(len(rows))
        for t in range(values.shape[1]):
            count = 0
            for row in rows:
                if good[row, t] and place[row] < MEMBERS:
                    apart[count] = values[row, t] - numbers[group, place[row], 0]
                    count += 1
            together, spread = 0.0, 0.0
            if count >= _FEWEST:
                together = np.median(apart[:count])
                spread = _NORMAL * np.median(np.abs(apart[:count] - together))
            for row in rows:
                if not good[row, t]:
                    continue
                if count < _FEWEST or place[row] >= MEMBERS:
                    why[row, t] = _ALONE
                    continue
                mine = numbers[group, place[row]]
                now = mine[2]
                rest = values[row, t] - together - mine[0]
                least = least_scale(mine[3:], rest, now)
                expected[row, t] = together + mine[0]
                if now < WARM_UP:
                    why[row, t] = _WARMING
                else:
                    why[row, t] = 0
                    strange = surprise(rest, max(mine[1], spread, least))
                    own[row, t] = min(strange, HIGHEST)
                held = limited(rest, mine[1], now)
                share = pace(now, _CELLS)
                mine[0] += share * held
                mine[1] += share * (1.25 * abs(held) - mine[1])
                mine[2] = now + 1.0


_LOOP: Final = njit(cache=True, nogil=True, error_model="numpy")(_run)


def _create(settings: NoSettings) -> Peers:
    del settings
    return Peers()


PLUGIN: Final = Plugin(
    summary="Peer comparison: an asset that leaves the median of its siblings.",
    settings=NoSettings,
    create=_create,
)
