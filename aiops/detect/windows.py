"""Which windows are due: asked of the window ledger, cut at the cadence of forecasts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from aiops.domain.instant import duration_ns
from aiops.domain.series import SeriesInfo
from aiops.domain.step import MINUTE, SECOND, window_end

MOST_CELLS: Final = 4096
"""Cells of one panel: a long catch-up is done in pieces that fit into memory."""


@dataclass(frozen=True, slots=True)
class Due:
    """A window to be analysed: cells from ``start`` to ``end`` (ns) of one step class.

    Attributes:
        decided_at: ns, when its last cell was complete: the time its decisions bear.
        skipped: Whether it begins after a gap that is older than the catch-up bound.
        forecast: Whether limits are looked for at its end.
    """

    step_ns: int
    infos: tuple[SeriesInfo, ...]
    start: int
    end: int
    decided_at: int
    forecast: bool
    skipped: bool = False

    @property
    def shard(self) -> str:
        """Name of the shard in the ledger."""
        return shard_name(self.step_ns)


def shard_name(step_ns: int) -> str:
    """Returns the name of a step class' shard.

    >>> shard_name(5 * MINUTE)
    'step=300s'
    """
    return f"step={step_ns // SECOND}s"


def lateness_ns(step_ns: int, lateness: timedelta) -> int:
    """Returns how long after its end a cell is analysed: one step at most two minutes.

    >>> lateness_ns(10 * MINUTE, timedelta(0)) // MINUTE
    2
    """
    return duration_ns(lateness) or min(step_ns, 2 * MINUTE)


def due_windows(
    now_ns: int,
    series_by_step: Mapping[int, Sequence[SeriesInfo]],
    last_end_by_step: Mapping[int, int | None],
    first_by_step: Mapping[int, int],
    cadence_by_step: Mapping[int, int],
    lateness: timedelta,
    catch_up: timedelta,
) -> list[Due]:
    """Returns every window that is due, oldest decision first.

    A missed stretch is cut at the cadence of forecasts, so that a catch-up decides what an
    uninterrupted run would have decided; what is older than ``catch_up`` is skipped.

    Args:
        last_end_by_step: End of the newest analysed window, None when there is none.
        first_by_step: ns, first sample of the class.
    """
    found: list[Due] = []
    for step, infos in series_by_step.items():
        late = lateness_ns(step, lateness)
        end = window_end(now_ns, step, late)
        oldest = max(end - duration_ns(catch_up) // step * step, 0)
        last = last_end_by_step.get(step)
        start = first_by_step.get(step, end) // step * step if last is None else last
        skipped = start < oldest
        start = max(start, oldest)
        series = tuple(infos)
        for cut, looks in _cuts(start, end, cadence_by_step[step], step):
            found.append(Due(step, series, start, cut, cut + late, looks, skipped))
            start, skipped = cut, False
    return sorted(found, key=lambda due: (due.decided_at, due.step_ns))


def _cuts(start: int, end: int, cadence: int, step: int) -> Iterator[tuple[int, bool]]:
    """Yields ends of pieces of ``(start, end]`` and whether each lies on the cadence."""
    at = start
    while at < end:
        boundary = (at // cadence + 1) * cadence
        at = min(boundary, end, at + MOST_CELLS * step)
        yield at, at == boundary
