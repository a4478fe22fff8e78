"""What a spool could not bring to its store: counted by series and reason, or set aside.

Lives in the spool's own database, so that one transaction moves samples from one table to
the other. What is set aside can be looked at, sent again or thrown away by a person.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from aiops.contracts.errors import StoreError
from aiops.domain.series import Samples
from aiops.store.blobs import decode, encode

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS aside (seq INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL,
  n INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS lost (series INTEGER NOT NULL, reason TEXT NOT NULL,
  n INTEGER NOT NULL, PRIMARY KEY (series, reason));
"""
NOBODY: Final = -1
"""Stands for the series of a batch that can no longer be read."""
_MOST_ASIDE: Final = 1000
_LONGEST_REASON: Final = 500
_LAST: Final = (1 << 63) - 1


class Loss(StrEnum):
    """Why a sample is gone for good."""

    FULL = "spool_full"
    OLD = "waited_too_long"
    DAMAGED = "damaged"
    DISCARDED = "discarded"


DROPPED: Final = frozenset({Loss.FULL, Loss.OLD, Loss.DAMAGED})
"""Losses nobody asked for."""


@dataclass(frozen=True, slots=True)
class Aside:
    """Samples that the store refuses for good, with its reason."""

    number: int
    reason: str
    samples: Samples


class Losses:
    """Counts and keeps; the caller holds the lock and the transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        rows = db.execute("SELECT series, reason, n FROM lost")
        self.by_series = Counter({(series, reason): n for series, reason, n in rows})
        self.aside = self._count_aside()

    def count(self, samples: Samples, reason: Loss) -> None:
        """Adds samples that are gone."""
        series, counts = np.unique(samples.ids, return_counts=True)
        for number, n in zip(series.tolist(), counts.tolist(), strict=True):
            self.count_of(number, n, reason)

    def count_of(self, series: int, n: int, reason: Loss) -> None:
        """Adds a number of samples of one series."""
        self._db.execute(
            "INSERT INTO lost VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            (series, reason, n),
        )
        self.by_series[series, str(reason)] += n

    def by_reason(self) -> dict[str, int]:
        """Returns how many samples are gone, by reason."""
        found: Counter[str] = Counter()
        for (_, reason), n in self.by_series.items():
            found[reason] += n
        return dict(found)

    @property
    def dropped(self) -> int:
        """How many samples were lost without anybody asking for it."""
        return sum(n for (_, reason), n in self.by_series.items() if reason in DROPPED)

    def set_aside(self, samples: Samples, reason: str) -> None:
        """Keeps samples for a person to look at; the newest thousand lots stay."""
        self._db.execute(
            "INSERT INTO aside (reason, n, data) VALUES (?, ?, ?)",
            (reason[:_LONGEST_REASON], len(samples), encode(samples)),
        )
        newest = self._db.execute("SELECT max(seq) FROM aside").fetchone()[0]
        too_many = [each.number for each in self._select(newest - _MOST_ASIDE)]
        self.discard(too_many, Loss.FULL)
        self.aside = self._count_aside()

    def lots(self) -> list[Aside]:
        """Returns what was set aside, oldest first."""
        return list(self._select(_LAST))

    def take(self, numbers: Collection[int]) -> list[Aside]:
        """Takes lots out, to be sent again."""
        found = [each for each in self.lots() if each.number in numbers]
        self._db.executemany("DELETE FROM aside WHERE seq = ?", [(each.number,) for each in found])
        self.aside = self._count_aside()
        return found

    def discard(self, numbers: Collection[int], reason: Loss = Loss.DISCARDED) -> int:
        """Throws lots away and counts them; returns how many samples that were."""
        gone = self.take(numbers) if numbers else []
        for each in gone:
            self.count(each.samples, reason)
        return sum(len(each.samples) for each in gone)

    def _select(self, last: int) -> Iterator[Aside]:
        query = "SELECT seq, reason, n, data FROM aside WHERE seq <= ? ORDER BY seq"
        rows = self._db.execute(query, (last,))
        for seq, reason, n, data in rows.fetchall():
            yield Aside(seq, reason, decode(data, n))

    def _count_aside(self) -> int:
        return int(self._db.execute("SELECT coalesce(sum(n), 0) FROM aside").fetchone()[0])


@dataclass(frozen=True, slots=True)
class Content:
    """What a spool held at one moment.

    Attributes:
        waiting: Samples on their way.
        lost: Samples that are gone, by series and reason.
    """

    waiting: int = 0
    lost: Mapping[tuple[int, str], int] = field(default_factory=dict)
    aside: Sequence[Aside] = ()


def look_into(path: Path) -> Content:
    """Returns what a spool holds, beside a daemon that goes on with it.

    Raises:
        StoreError: It cannot be read.
    """
    if not path.exists():
        return Content()
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            waiting = db.execute("SELECT coalesce(sum(n), 0) FROM batch").fetchone()[0]
            losses = Losses(db)
            return Content(int(waiting), dict(losses.by_series), losses.lots())
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be read: {error}") from error
