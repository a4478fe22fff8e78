"""CPU seconds of a piece of work, and of the plain operation it is held against."""

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

ROUNDS: Final = 5
"""Measured rounds; the median of an odd number is one of them."""


class NotRun(Exception):  # it is no error: something is not installed here
    """A group cannot be measured on this machine; says why."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result.

    Attributes:
        stage: Dotted name; its first part is the group it is measured with.
        work: What was done, with its size.
        floor: The plain operation over the same bytes.
        goal: The ratio it is meant to stay under, None where none is promised.
    """

    stage: str
    work: str
    cpu_seconds: float
    floor: str
    floor_cpu_seconds: float
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """CPU time over that of the floor; what the clock cannot tell from zero is 1 ns."""
        return self.cpu_seconds / max(self.floor_cpu_seconds, 1e-9)

    def row(self) -> dict[str, Any]:
        """Returns the line as it is written to the file."""
        return {
            "stage": self.stage,
            "work": self.work,
            "cpu_seconds": round(float(self.cpu_seconds), 6),
            "floor": self.floor,
            "floor_cpu_seconds": round(float(self.floor_cpu_seconds), 6),
            "ratio": round(float(self.ratio), 3),
        }


def cpu_of(work: Callable[[], object]) -> float:
    """Returns the CPU seconds of one call, all threads of this process."""
    begin = time.process_time()
    kept = work()
    taken = time.process_time() - begin
    del kept
    return taken


def in_turns(*works: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Returns the median CPU seconds of each, taken in turns after one round to warm up.

    In turns, because what else runs on the machine then slows all of them alike.
    """
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for mine, work in zip(taken, works, strict=True):
            mine.append(cpu_of(work))
    return [float(np.median(mine[1:])) for mine in taken]


@dataclass(slots=True)
class Stopwatch:
    """Adds up the CPU seconds of named parts of one run."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Counts what is done inside for a part."""
        begin = time.process_time()
        try:
            yield
        finally:
            taken = time.process_time() - begin
            self.seconds[part] = self.seconds.get(part, 0.0) + taken

    def watch(self, subject: object, part_by_method: dict[str, str]) -> Any:
        """Returns the subject with some of its methods counted."""
        return _Watched(subject, part_by_method, self)


class _Watched:
    """Stands for an object and counts calls of some of its methods."""

    def __init__(self, subject: object, part_by_method: dict[str, str], watch: Stopwatch) -> None:
        self._subject = subject
        self._part_by_method = part_by_method
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._subject, name)
        part = self._part_by_method.get(name)
        if part is None:
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            with self._watch.on(part):
                return found(*args, **kwargs)

        return counted


def describe_machine() -> dict[str, Any]:
    """Returns what the figures were measured on."""
    import duckdb

    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "duckdb": duckdb.__version__,
        "load": round(os.getloadavg()[0], 2),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
