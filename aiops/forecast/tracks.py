"""From a long table of samples to panels: many series, each with its own clock."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.panel import Panel, Quality
from aiops.domain.series import FloatArray, IntArray

_MOST_EMPTY: Final = 3
"""A grid with more than this many cells per sample is no grid: the samples are events."""


@dataclass(frozen=True, slots=True)
class Track:
    """One series of a file, in order of time.

    Attributes:
        times: ns since the epoch, or plain steps as they stood in the file.
        step: Median difference of the times, in their unit; 0 for a single sample.
    """

    name: str
    times: IntArray
    values: FloatArray
    step: float


@dataclass(frozen=True, slots=True)
class Cohort:
    """Series of one step, right-aligned on one panel: their last cells are their last samples."""

    positions: IntArray
    panel: Panel


def read_tracks(names: list[str], times: IntArray, values: FloatArray) -> list[Track]:
    """Cuts a long table into series, in order of first appearance.

    Of samples with the same time the last in the file counts.
    """
    rows_by_name: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows_by_name.setdefault(name, []).append(row)
    tracks = []
    for name, rows in rows_by_name.items():
        picked = np.array(rows)
        picked = picked[np.argsort(times[picked], kind="stable")]
        own = times[picked]
        last = np.append(own[1:] != own[:-1], True)
        own, held = own[last], values[picked][last]
        step = float(np.median(np.diff(own))) if len(own) > 1 else 0.0
        tracks.append(Track(name, own, held, step))
    return tracks


def form_cohorts(tracks: list[Track], plain: bool) -> list[Cohort]:
    """Puts series of the same step on one panel each.

    A series whose samples keep to their step, gaps aside, lies on a grid; another is ordinal:
    its columns are the samples themselves.

    Args:
        plain: Times are plain steps: they tell no length of a day.
    """
    groups: dict[tuple[float, bool], list[tuple[int, FloatArray]]] = {}
    for position, track in enumerate(tracks):
        cells = _cells_of(track)
        held = track.values if cells is None else cells
        groups.setdefault((track.step, plain or cells is None), []).append((position, held))
    return [_cohort(step, ordinal, members) for (step, ordinal), members in groups.items()]


def _cells_of(track: Track) -> FloatArray | None:
    """Returns the values on the grid of the series' own step, or None when there is no grid."""
    if track.step <= 0:
        return None
    place = (track.times - track.times[-1]) / track.step
    cell = np.round(place).astype(np.int64)
    width = 1 - int(cell[0])
    if width > _MOST_EMPTY * len(cell) or np.mean(np.abs(place - cell) > 0.1) > 0.1:
        return None
    held: FloatArray = np.full(width, np.nan)
    held[cell + width - 1] = track.values
    return held


def _cohort(step: float, ordinal: bool, members: list[tuple[int, FloatArray]]) -> Cohort:
    width = max(len(held) for _, held in members)
    values: NDArray[np.float64] = np.full((len(members), width), np.nan)
    for row, (_, held) in enumerate(members):
        values[row, width - len(held) :] = held
    quality = np.where(np.isfinite(values), Quality.OK, Quality.MISSING).astype(np.uint8)
    length = 1 if ordinal else max(round(step / 1000), 1)
    times = np.arange(width, dtype=np.int64) * length * 1000
    positions = np.array([position for position, _ in members], dtype=np.int64)
    panel = Panel(
        positions, timedelta(microseconds=length), times, values, quality, ordinal=ordinal
    )
    return Cohort(positions, panel)
