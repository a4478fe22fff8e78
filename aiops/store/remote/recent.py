"""What was written a moment ago: servers show new samples only after a second or so."""

import threading
import time
from collections import deque
from typing import Final

import numpy as np

from aiops.domain.series import FloatArray, IntArray

_SECONDS: Final = 10.0
_MOST: Final = 1_000_000
"""Samples held at most (32 MB); a back-fill that is faster is seen when the server shows it."""


class Recent:
    """Holds the last seconds' writes, in their order."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._parts: deque[tuple[float, IntArray, IntArray, FloatArray, IntArray]] = deque()
        self._size = 0
        self._lock = threading.Lock()

    def add(self, ids: IntArray, times: IntArray, values: FloatArray, revisions: IntArray) -> None:
        """Takes note of a write."""
        with self._lock:
            self._parts.append((time.monotonic(), ids, times, values, revisions))
            self._size += len(ids)
            self._forget()

    def between(
        self, ids: IntArray, start: int, end: int
    ) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
        """Returns row (in sorted distinct ids), time, value and revision of ``[start, end)`` ms."""
        with self._lock:
            self._forget()
            parts = list(self._parts)
        found: list[tuple[IntArray, IntArray, FloatArray, IntArray]] = []
        for _, numbers, times, values, revisions in parts if len(ids) else ():
            row = np.minimum(np.searchsorted(ids, numbers), len(ids) - 1)
            mine = (ids[row] == numbers) & (times >= start) & (times < end)
            if mine.any():
                found.append((row[mine], times[mine], values[mine], revisions[mine]))
        if not found:
            none = np.empty(0, np.int64)
            return none, none, np.empty(0), none
        rows, times, values, revisions = (np.concatenate(each) for each in zip(*found, strict=True))
        return rows, times, values, revisions

    def _forget(self) -> None:
        old = time.monotonic() - self._seconds
        while self._parts and (self._parts[0][0] < old or self._size > _MOST):
            self._size -= len(self._parts.popleft()[1])
