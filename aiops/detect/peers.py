"""Detectors that compare siblings, in a stage whose unit is the series.

The state of a group is kept with each of its members, so that the stage may select, join and
re-base series without knowing of groups; the member that has been there longest speaks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aiops.contracts.detector import Detector, DetectorScope
from aiops.domain.abstention import Abstention
from aiops.domain.anomaly import Scores
from aiops.domain.panel import Panel
from aiops.domain.series import IntArray, SeriesInfo
from aiops.domain.state import State

MOST: Final = 64
"""Siblings compared with one another; larger groups are parted by id."""
_CELLS: Final = "cells"


@dataclass(frozen=True, slots=True)
class Compared:
    """Scores each series by its part in what its group's detector says."""

    detector: Detector
    scope: DetectorScope = DetectorScope.SERIES

    @property
    def version(self) -> str:
        """Of the detector inside."""
        return self.detector.version

    def start(self, n_units: int) -> State:
        """Returns the state of series that have seen nothing."""
        inside = self.detector.start(n_units)
        return State(self.version, {_CELLS: np.zeros(n_units, np.int64), **inside.arrays})

    def update(self, state: State, panel: Panel) -> tuple[State, Scores]:
        """Scores the new cells; without groups all rows are siblings."""
        n = len(panel.series)
        groups = np.zeros(n, np.int64) if panel.groups is None else panel.groups
        names, dense = np.unique(groups, return_inverse=True)
        cells = state.arrays[_CELLS]
        order = np.lexsort((panel.series, -cells, dense))
        eldest = order[np.searchsorted(dense[order], np.arange(len(names)))]
        known = {name: array[eldest] for name, array in state.arrays.items() if name != _CELLS}
        after, found = self.detector.update(
            State(self.version, known), replace(panel, groups=dense)
        )
        arrays = {name: array[dense] for name, array in after.arrays.items()}
        arrays[_CELLS] = cells + panel.values.shape[1]
        answered = np.isfinite(found.contribution)
        silent = np.where(np.isnan(panel.values), Abstention.MISSING, Abstention.BAD_DATA)
        silent = np.where(panel.usable, Abstention.WARMING_UP, silent)
        reason = np.where(answered, Abstention.NONE, silent).astype(np.uint8)
        scores = Scores(found.contribution, found.contribution, reason, found.expected)
        return State(self.version, arrays), scores


def siblings(infos: Sequence[SeriesInfo]) -> IntArray:
    """Returns the group of each series: one metric, one set of labels, one part of an asset.

    ``web-1/disk:sda`` and ``web-2/disk:sda`` are siblings, ``web-1/disk:sdb`` is none of them.
    """
    group_by_name: dict[tuple[str, object, str, int], int] = {}
    count_by_name: dict[tuple[str, object, str], int] = {}
    found = np.empty(len(infos), np.int64)
    for row in sorted(range(len(infos)), key=lambda i: infos[i].id):
        key = infos[row].key
        name = (key.metric, key.labels, key.asset.partition("/")[2])
        count = count_by_name.get(name, 0)
        count_by_name[name] = count + 1
        found[row] = group_by_name.setdefault((*name, count // MOST), len(group_by_name))
    return found
