"""Series keys to dense ids: rows in the ledger, answers from memory."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, insert, select, update

from aiops.contracts.errors import StoreError
from aiops.domain.series import IntArray, SeriesInfo, SeriesKey
from aiops.ledger.encode import canonical, plain
from aiops.ledger.engine import Connections
from aiops.ledger.tables import SERIES

_REMEMBERED = 4096
_ASKED = 500


class SqlCatalogue:
    """Gives each series a number once and for ever; a key's first step class stays."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._id_by_key: dict[SeriesKey, int] = {}
        self._infos: list[SeriesInfo] = []
        self._seen: dict[int, tuple[Sequence[SeriesKey], IntArray]] = {}
        with connections.read() as connection:
            self._catch_up(connection)

    def ids(
        self, keys: Sequence[SeriesKey], step_ns: int, counter: Sequence[bool] | None = None
    ) -> IntArray:
        """Returns ids, giving new ones durably; the same tuple object is answered at once.

        Raises:
            StoreError: The new ids could not be made durable; none was given.
        """
        seen = self._seen.get(id(keys))
        if seen is not None and seen[0] is keys:
            return seen[1]
        with self._lock:
            if any(key not in self._id_by_key for key in keys):
                self._add(keys, step_ns, counter)
            found = np.fromiter((self._id_by_key[key] for key in keys), np.int64, len(keys))
            found.flags.writeable = False
            if isinstance(keys, tuple):  # a list may change under the same identity
                if len(self._seen) >= _REMEMBERED:
                    self._seen.clear()
                self._seen[id(keys)] = (keys, found)
        return found

    def info(self, ids: IntArray) -> list[SeriesInfo]:
        """Returns what is known of each id, in order.

        Raises:
            StoreError: An id was never given.
        """
        infos = self._infos
        for number in ids.tolist():
            if not 0 <= number < len(infos):
                raise StoreError(
                    f"series id {number} is not in the catalogue; ask it for the id of a key"
                )
        return [infos[number] for number in ids.tolist()]

    def all(self) -> list[SeriesInfo]:
        """Returns every series, by id."""
        return list(self._infos)

    def rename(self, new_by_old: Mapping[SeriesKey, SeriesKey]) -> None:
        """Gives series other keys, durably; one whose new key is taken stays as it is."""
        with self._lock:
            changed = {
                self._id_by_key[old]: replace(self._infos[self._id_by_key[old]], key=new)
                for old, new in new_by_old.items()
                if old in self._id_by_key and new not in self._id_by_key
            }
            with self._connections.write() as connection:
                for info in changed.values():
                    row = _row(info)
                    connection.execute(update(SERIES).where(SERIES.c.id == info.id).values(row))
            for info in changed.values():
                self._take(info)
            self._seen.clear()

    def _take(self, info: SeriesInfo) -> None:
        old = self._infos[info.id].key
        if old != info.key:
            self._id_by_key.pop(old, None)
        self._infos[info.id] = info
        self._id_by_key[info.key] = info.id

    def _read_renamed(self, connection: Connection, keys: Sequence[SeriesKey]) -> None:
        """Another daemon may have given a known series another key."""
        assets = sorted({key.asset for key in keys if key not in self._id_by_key})
        for start in range(0, len(assets), _ASKED):
            part = assets[start : start + _ASKED]
            query = select(SERIES).where(SERIES.c.asset.in_(part))
            for row in connection.execute(query):
                self._take(_info(row))

    def _add(self, keys: Sequence[SeriesKey], step_ns: int, counter: Sequence[bool] | None) -> None:
        with self._connections.write() as connection:
            self._catch_up(connection)  # another daemon may have been first
            self._read_renamed(connection, keys)
            fresh: dict[SeriesKey, SeriesInfo] = {}
            for position, key in enumerate(keys):
                if key not in self._id_by_key and key not in fresh:
                    counts = bool(counter[position]) if counter is not None else False
                    number = len(self._infos) + len(fresh)
                    fresh[key] = SeriesInfo(number, key, step_ns, counts)
            if fresh:
                connection.execute(insert(SERIES), [_row(info) for info in fresh.values()])
        for key, info in fresh.items():  # only after the commit
            self._infos.append(info)
            self._id_by_key[key] = info.id

    def _catch_up(self, connection: Connection) -> None:
        query = select(SERIES).where(SERIES.c.id >= len(self._infos)).order_by(SERIES.c.id)
        for row in connection.execute(query):
            info = _info(row)
            if info.id != len(self._infos):
                raise StoreError(f"series id {len(self._infos)} is missing from the ledger")
            self._infos.append(info)
            self._id_by_key[info.key] = info.id


def _row(info: SeriesInfo) -> dict[str, object]:
    return {
        "id": info.id,
        "asset": info.key.asset,
        "metric": info.key.metric,
        "labels": canonical(plain(info.key.labels)),
        "step_ns": info.step_ns,
        "counter": info.counter,
    }


def _info(row: Any) -> SeriesInfo:
    key = SeriesKey(row.asset, row.metric, _labels(row.labels))
    return SeriesInfo(row.id, key, row.step_ns, row.counter)


def _labels(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in orjson.loads(text))
