"""Which series are judged together: those of one asset in one step class, each at its place.

A series keeps its place for as long as it is watched, so that what was learnt of it stays with
it; a place that is given up is wiped before another series gets it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from aiops.detect import decide, joint
from aiops.detect.stage import StageScores
from aiops.domain.anomaly import TOGETHER, Anomaly, Guilty
from aiops.domain.instant import from_ns
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray, IntArray, SeriesInfo, SeriesKey
from aiops.domain.state import State

MOST: Final = 32
"""Metrics of one asset that are judged together, those watched longest; memory grows with its
square."""
ROOM: Final = 8
"""Places come in packs."""
STANDS_OUT: Final = 0.5
"""Part of the guiltiest series' guilt from which another one is named beside it."""
_MEMBERS: Final = "members"
JointEvents = tuple[joint.JointEvent, ...]


@dataclass(frozen=True, slots=True)
class Assets:
    """The joint states of the assets of a step class.

    Attributes:
        names: Asset of each unit.
        places: ``(n_units, width)`` row of the series at each place, -1 where there is none.
        state: Of :mod:`aiops.detect.joint`, and the id of the series at each place.
    """

    names: tuple[str, ...]
    places: IntArray
    state: State

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]] | None = None) -> Self:
        """Returns what saved arrays hold, before :meth:`grown` finds their rows."""
        state = _started(0, ROOM) if not arrays else State(joint.VERSION, arrays)
        return cls((), np.empty((0, ROOM), np.int64), state)

    def grown(self, infos: Sequence[SeriesInfo]) -> Self:
        """Returns the same for the rows of these series: new ones in, vanished ones out."""
        rows = _rows_by_asset(infos)
        width = max([ROOM, *(-(-len(each) // ROOM) * ROOM for each in rows.values())])
        width = max(width, self.state.arrays[_MEMBERS].shape[1])
        known = _widened(self.state, width)
        asset_of = {info.id: info.key.asset for info in infos}
        unit_of: dict[str, int] = {}
        for unit, members in enumerate(known.arrays[_MEMBERS].tolist()):
            for series in members:
                if series in asset_of:
                    unit_of.setdefault(asset_of[series], unit)
        fresh = [name for name in rows if name not in unit_of]
        if fresh:
            known = State.join([known, _started(len(fresh), width)])
            unit_of.update({name: len(known) - len(fresh) + i for i, name in enumerate(fresh)})
        names = tuple(rows)
        state = known.take(np.array([unit_of[name] for name in names], dtype=np.int64))
        places = np.full((len(names), width), -1, np.int64)
        row_of = {info.id: row for row, info in enumerate(infos)}
        arrays = {name: array.copy() for name, array in state.arrays.items()}
        blank = _started(1, width).arrays
        for unit, name in enumerate(names):
            wanted = [infos[row].id for row in rows[name]]
            members = arrays[_MEMBERS][unit]
            for place in np.flatnonzero((members >= 0) & ~np.isin(members, wanted)):
                _wipe(arrays, blank, unit, int(place))
            free = iter(np.flatnonzero(members < 0).tolist())
            for series in wanted:
                if series not in members:
                    members[next(free)] = series
            for place in np.flatnonzero(members >= 0):
                places[unit, place] = row_of[int(members[place])]
        return type(self)(names, places, State(state.version, arrays))

    def update(
        self, panel: Panel, found: StageScores, budget: FloatArray
    ) -> tuple[Self, JointEvents]:
        """Returns the same after the cells, and the events that opened, went on or ended.

        Args:
            budget: By row of the panel; an asset has that of its series, on average.
        """
        members = self.state.arrays[_MEMBERS]
        has = self.places >= 0
        own = np.where(has, budget[self.places], 0.0).sum(axis=1) / np.maximum(has.sum(axis=1), 1)
        state, all_of_it = joint.update(self.state, panel, found.contribution, self.places, own)
        state = State(state.version, {**state.arrays, _MEMBERS: members})
        return type(self)(self.names, self.places, state), all_of_it.events

    def restarted(self, units: IntArray, at: int) -> tuple[Self, JointEvents]:
        """Returns the same with these assets as new ones; their open events end at ``at`` (ns)."""
        ended = tuple(
            joint.JointEvent(event, self.state.arrays["guilt"][event.row])
            for event in decide.ended(joint.part(self.state, "decide"), units, at)
        )
        arrays = {name: array.copy() for name, array in self.state.arrays.items()}
        fresh = _started(len(units), self.places.shape[1]).arrays
        for name, array in arrays.items():
            if name != _MEMBERS:
                array[units] = fresh[name]
        return type(self)(self.names, self.places, State(self.state.version, arrays)), ended

    def anomaly(self, found: joint.JointEvent, infos: Sequence[SeriesInfo]) -> Anomaly:
        """Returns an event with the series that stand out in it, the guiltiest first."""
        event, total = found.event, float(found.guilt.sum())
        order = sorted(range(len(found.guilt)), key=lambda place: -found.guilt[place])
        rows = [
            (int(self.places[event.row, place]), float(found.guilt[place]))
            for place in order
            if self.places[event.row, place] >= 0
            and found.guilt[place] >= STANDS_OUT * found.guilt.max() > 0
        ]
        return Anomaly(
            SeriesKey(self.names[event.row], TOGETHER),
            from_ns(event.start),
            None if event.end is None else from_ns(event.end),
            event.score,
            event.strength,
            event.shape,
            event.direction,
            float(len(rows)),
            0.0,
            joint.VERSION,
            tuple(Guilty(infos[row].key, guilt / total) for row, guilt in rows),
        )


def _rows_by_asset(infos: Sequence[SeriesInfo]) -> dict[str, list[int]]:
    """Returns the rows of every asset that has more than one, the oldest series first."""
    found: dict[str, list[int]] = {}
    for row in sorted(range(len(infos)), key=lambda i: infos[i].id):
        found.setdefault(infos[row].key.asset, []).append(row)
    return {name: rows[:MOST] for name, rows in found.items() if len(rows) > 1}


def _started(n_units: int, width: int) -> State:
    state = joint.start(n_units, width)
    members = np.full((n_units, width), -1, np.int64)
    return State(state.version, {**state.arrays, _MEMBERS: members})


def _widened(state: State, width: int) -> State:
    """Returns the state with more places, which are empty."""
    had = state.arrays[_MEMBERS].shape[1]
    if had == width:
        return state
    arrays = dict(_started(len(state), width).arrays)
    for name, array in state.arrays.items():
        if array.shape == arrays[name].shape:
            arrays[name] = array
        else:
            arrays[name][tuple(slice(0, n) for n in array.shape)] = array
    return State(state.version, arrays)


def _wipe(
    arrays: dict[str, NDArray[Any]], blank: Mapping[str, NDArray[Any]], unit: int, place: int
) -> None:
    """Empties a place: nothing of the series that had it is left."""
    width = arrays[_MEMBERS].shape[1]
    for name, array in arrays.items():
        if array.shape[1:] == (width,):
            array[unit, place] = blank[name][0, place]
        elif array.shape[1:] == (width, width):
            array[unit, place, :] = 0.0
            array[unit, :, place] = 0.0
