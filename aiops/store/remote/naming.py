"""How a series is called over there: so that people find it, and so that we find it again.

A store knows series by id. Over there an id becomes the tag ``aiops_series``, which alone is
asked for when reading; asset, metric and labels are written beside it for people's own
dashboards, and may change without losing history.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import ConfigError
from aiops.domain.series import IntArray, SeriesInfo

MEASUREMENT: Final = "aiops"
SERIES: Final = "aiops_series"
STORE: Final = "aiops_store"
REVISION: Final = "aiops_rev"
_OWN: Final = frozenset({SERIES, STORE, REVISION, "asset", "metric", "db", "time", "le"})
_NOT_NAME: Final = re.compile(r"[^a-zA-Z0-9_]")
_PLAIN: Final = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")

Describe = Callable[[IntArray], list[SeriesInfo]]


@runtime_checkable
class NamedStore(Protocol):
    """A store that wants to know what its series are called."""

    def name_series(self, describe: Describe) -> None:
        """Takes what describes ids; asked once per id, when it is first written or read."""
        ...


def check_name(name: str) -> None:
    """Refuses a store name that would have to be quoted in queries.

    Raises:
        ConfigError: It has other characters than letters, digits, ``_``, ``-`` and ``.``.
    """
    if not _PLAIN.fullmatch(name):
        raise ConfigError(
            [f"store.settings.name: {name!r} may hold letters, digits, '_', '-' and '.' only"]
        )


def describe_nothing(ids: IntArray) -> list[SeriesInfo]:
    """Describes no series: they are written with their id alone."""
    del ids
    return []


def name_of(text: str) -> str:
    """Returns a name every store accepts.

    >>> name_of("system.cpu.utilization"), name_of("5xx")
    ('system_cpu_utilization', '_5xx')
    """
    name = _NOT_NAME.sub("_", text) or "_"
    return f"_{name}" if name[0].isdigit() else name


def tag_value(text: str) -> str:
    r"""Escapes a tag's value for line protocol.

    Line protocol cannot carry control characters (they become a space) nor a backslash at
    the end (it becomes U+29F5), so these alone look different over there.

    Source: InfluxDB line protocol reference, special characters.

    >>> tag_value("a b,c=d"), tag_value("C:\\")
    ('a\\ b\\,c\\=d', 'C:⧵')
    """
    clean = _CONTROL.sub(" ", text)
    stem = clean.rstrip("\\")
    clean = stem + "⧵" * (len(clean) - len(stem))
    return clean.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def line_head(info: SeriesInfo | None, number: int, store: str) -> bytes:
    """Returns what stands before the value in a line of this series."""
    tags = {SERIES: str(number), STORE: store}
    field = "value"
    if info is not None:
        field = name_of(info.key.metric)
        for name, value in info.key.labels:
            clean = name_of(name)
            tags[f"label_{clean}" if clean in _OWN else clean] = value
        tags["asset"], tags["metric"] = info.key.asset, info.key.metric
    written = ",".join(f"{name}={tag_value(v)}" for name, v in sorted(tags.items()) if v)
    return f"{MEASUREMENT},{written} {field}=".encode()


class Heads:
    """Remembers the head of the line of each series."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._describe: Describe = describe_nothing
        self._heads: dict[int, bytes] = {}
        self._last: tuple[NDArray[np.integer], list[bytes]] = np.empty(0, np.int64), []

    def name_series(self, describe: Describe) -> None:
        """Takes what describes ids."""
        self._describe = describe
        self._heads.clear()
        self._last = np.empty(0, np.int64), []

    def of(self, ids: NDArray[np.integer]) -> list[bytes]:
        """Returns the head of each id; a scrape is much like the one before."""
        if not np.array_equal(ids, self._last[0]):
            self._last = ids, self._look_up(ids.tolist())
        return self._last[1]

    def _look_up(self, ids: Sequence[int]) -> list[bytes]:
        heads = self._heads
        try:
            return [heads[number] for number in ids]
        except KeyError:
            unknown = sorted(set(ids) - heads.keys())
            described = {info.id: info for info in self._describe(np.array(unknown, np.int64))}
            for number in unknown:
                heads[number] = line_head(described.get(number), number, self._store)
            return [heads[number] for number in ids]
