"""Series keys to ids in memory, for tests, ``try`` and replay."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from aiops.contracts.errors import StoreError
from aiops.domain.series import IntArray, SeriesInfo, SeriesKey

_REMEMBERED = 4096


class MemoryCatalogue:
    """Keeps the contract of the ledger's catalogue without a disk.

    >>> catalogue = MemoryCatalogue()
    >>> keys = (SeriesKey("db-07", "cpu"), SeriesKey("db-08", "cpu"))
    >>> catalogue.ids(keys, 60_000_000_000).tolist()
    [0, 1]
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._id_by_key: dict[SeriesKey, int] = {}
        self._infos: list[SeriesInfo] = []
        self._seen: dict[int, tuple[Sequence[SeriesKey], IntArray]] = {}

    def ids(
        self, keys: Sequence[SeriesKey], step_ns: int, counter: Sequence[bool] | None = None
    ) -> IntArray:
        """Returns ids, giving new ones to keys not seen before; the first step stays."""
        seen = self._seen.get(id(keys))
        if seen is not None and seen[0] is keys:
            return seen[1]
        with self._lock:
            found = np.empty(len(keys), np.int64)
            for position, key in enumerate(keys):
                number = self._id_by_key.get(key)
                if number is None:
                    number = len(self._infos)
                    counts = bool(counter[position]) if counter is not None else False
                    self._infos.append(SeriesInfo(number, key, step_ns, counts))
                    self._id_by_key[key] = number
                found[position] = number
            found.flags.writeable = False
            if isinstance(keys, tuple):  # a list may change under the same identity
                if len(self._seen) >= _REMEMBERED:
                    self._seen.clear()
                self._seen[id(keys)] = (keys, found)
        return found

    def rename(self, new_by_old: Mapping[SeriesKey, SeriesKey]) -> None:
        """Gives series other keys; one whose new key is taken stays as it is."""
        with self._lock:
            for old, new in new_by_old.items():
                if old in self._id_by_key and new not in self._id_by_key:
                    number = self._id_by_key.pop(old)
                    self._id_by_key[new] = number
                    self._infos[number] = replace(self._infos[number], key=new)
            self._seen.clear()

    def info(self, ids: IntArray) -> list[SeriesInfo]:
        """Returns what is known of each id.

        Raises:
            StoreError: An id was never given.
        """
        known = len(self._infos)
        for number in ids.tolist():
            if not 0 <= number < known:
                raise StoreError(f"series id {number} is not in the catalogue; ask it by key")
        return [self._infos[number] for number in ids.tolist()]

    def all(self) -> list[SeriesInfo]:
        """Returns every series, by id."""
        return list(self._infos)
