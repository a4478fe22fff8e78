"""The store with the live window in front of it: where samples go in and panels come out."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError
from aiops.contracts.store import Catalogue, SeriesStore
from aiops.domain.instant import duration_ns, to_ns
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import FloatArray, IntArray, Samples
from aiops.domain.step import SECOND
from aiops.store.batches import join
from aiops.store.filling import StepClass
from aiops.store.grid import MS, Grid
from aiops.store.settings import StoreSettings

_LEAST_CELLS: Final = 32
_CHUNK: Final = 2000


def window_path(directory: Path, step_ns: int) -> Path:
    """Returns where the live window of a step class lies, for a process that maps it."""
    return directory / "window" / f"{step_ns // SECOND}s.f32"


@dataclass(slots=True)
class _Waiting:
    """A batch that somebody waits for to be durable."""

    samples: Samples
    done: bool = False
    error: Exception | None = None


class LivePanels:
    """Serves panels from the live window where it can, else from the store.

    All samples must come in through :meth:`ingest`, so that the window knows them.

    Args:
        directory: Data directory; the window files lie below it.
    """

    def __init__(
        self, store: SeriesStore, catalogue: Catalogue, directory: Path, settings: StoreSettings
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._directory = directory
        self._span = duration_ns(settings.window)
        self._budget = settings.window_max_bytes
        self._lock = threading.RLock()
        self._queue = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._classes: dict[int, StepClass] = {}
        self._steps = np.zeros(0, np.int64)
        self._counters = np.zeros(0, bool)
        self.hits = 0
        self.misses = 0
        for leftover in (directory / "window").glob("*.f32*"):
            leftover.unlink(missing_ok=True)

    def ingest(self, samples: Samples) -> None:
        """Stores samples durably, then puts them into the window.

        What waits while another batch is written is written with the next one, in one
        transaction: hundreds of sources cost a few of the disk's, not one each.

        Raises:
            StoreError: Nothing of it may be counted as stored.
        """
        mine = _Waiting(samples)
        with self._queue:
            self._waiting.append(mine)
        with self._lock:
            if not mine.done:
                with self._queue:
                    together, self._waiting = self._waiting, []
                self._ingest_together(together)
        if mine.error is not None:
            raise mine.error

    def _ingest_together(self, together: Sequence[_Waiting]) -> None:
        if len(together) > 1:
            with contextlib.suppress(Exception):  # told below, to whom it belongs
                self._ingest(join([each.samples for each in together]))
                for each in together:
                    each.done = True
        for each in together:  # one by one: what is wrong with one costs no other
            if not each.done:
                each.done = True
                try:
                    self._ingest(each.samples)
                except Exception as error:  # noqa: BLE001  # raised where it belongs
                    each.error = error

    def _ingest(self, samples: Samples) -> None:
        with self._lock:
            self._store.append(samples)
            if not len(samples):
                return
            steps = self._steps_of(samples.ids)
            times = samples.times // MS
            if (steps == steps[0]).all():
                self._fill(int(steps[0]), samples.ids, times, samples.values)
                return
            for step in np.unique(steps).tolist():
                mine = steps == step
                self._fill(step, samples.ids[mine], times[mine], samples.values[mine])

    def earliest(self, ids: IntArray) -> IntArray:
        """Returns the time (ns) of each series' oldest sample, 0 where there is none."""
        return self._store.earliest(ids)

    def rebuild(self, now: datetime) -> None:
        """Loads the window of every known series from the store, as at a start."""
        infos = self._catalogue.all()
        ids = np.array([info.id for info in infos], np.int64)
        with self._lock:
            steps = self._steps_of(ids)
            for step in np.unique(steps).tolist():
                kept = self._class_of(step)
                with self._dropping(step):
                    for at in range(0, len(ids), _CHUNK):
                        chunk = ids[at : at + _CHUNK]
                        chunk = chunk[self._steps[chunk] == step]
                        if len(chunk) and kept.make_room(chunk, self._left(step)):
                            kept.begin_at(to_ns(now) // step)
                            kept.load_missing(chunk, self._counters)

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
    ) -> Panel:
        """Returns the panel; counters as rates, whichever way it came."""
        ids = np.asarray(ids, np.int64)
        grid = Grid.of(start, end, step)
        steps = self._steps_of(ids)
        if aggregation is Aggregation.LAST and bool((steps == grid.step).all()):
            found = self._from_window(ids, grid)
            if found is not None:
                self.hits += 1
                return grid.panel(ids, found[0], aggregation, found[1])
        self.misses += 1
        return self._store.panel(ids, start, end, step, aggregation, self._counters[ids])

    def _from_window(
        self, ids: IntArray, grid: Grid
    ) -> tuple[FloatArray, NDArray[np.uint8]] | None:
        kept = self._classes.get(grid.step)
        window = None if kept is None else kept.window
        first, last = grid.start // grid.step, grid.end // grid.step
        if kept is None or window is None or not window.holds(first, last):
            return None
        if (window.rows_of(ids) < 0).any():
            with self._lock, self._dropping(grid.step):
                if kept.make_room(ids, self._left(grid.step)):
                    kept.load_missing(ids, self._counters)
            window = kept.window
        found = None if window is None else window.read(ids, first, last)
        if found is not None:
            return found
        with self._lock:  # samples may come in faster than it can be read beside them
            window = kept.window
            return None if window is None else window.read(ids, first, last)

    def close(self) -> None:
        """Forgets the window; the store is closed by its owner."""
        with self._lock:
            for step in list(self._classes):
                self._drop(step)

    def _steps_of(self, ids: IntArray) -> IntArray:
        top = int(ids.max()) + 1 if len(ids) else 0
        if top > len(self._steps):
            with self._lock:
                more = max(top, 2 * len(self._steps)) - len(self._steps)
                self._counters = np.concatenate([self._counters, np.zeros(more, bool)])
                self._steps = np.concatenate([self._steps, np.zeros(more, np.int64)])
        steps = self._steps[ids]
        if not steps.all():
            with self._lock:
                for info in self._catalogue.info(np.unique(ids[steps == 0])):
                    self._counters[info.id] = info.counter
                    self._steps[info.id] = info.step_ns
                steps = self._steps[ids]
        return steps

    def _class_of(self, step: int) -> "StepClass":
        kept = self._classes.get(step)
        if kept is None:
            cells = max(-(-self._span // step), _LEAST_CELLS)
            path = window_path(self._directory, step)
            kept = self._classes[step] = StepClass(self._store, path, cells, step)
        return kept

    def _fill(self, step: int, ids: IntArray, times: IntArray, values: FloatArray) -> None:
        kept = self._class_of(step)
        with self._dropping(step):
            if kept.make_room(ids, self._left(step)):
                kept.fill(ids, times, values, self._counters)

    @contextlib.contextmanager
    def _dropping(self, step: int) -> Iterator[None]:
        try:
            yield
        except StoreError:
            # The samples are stored; a window that may be wrong is begun anew.
            self._drop(step)

    def _left(self, step: int) -> int:
        others = (kept.size for each, kept in self._classes.items() if each != step)
        return self._budget - sum(others)

    def _drop(self, step: int) -> None:
        kept = self._classes.pop(step, None)
        if kept is not None:
            kept.drop()
