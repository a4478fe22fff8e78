"""Where the samples of one UTC day lie: an open table, a closed file, or both."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray
from aiops.domain.step import DAY, HOUR
from aiops.store.grid import MS

DAY_MS: Final = DAY // MS
HOUR_MS: Final = HOUR // MS
_EPOCH: Final = date(1970, 1, 1)
_TABLE = re.compile(r"d_(\d{8})$")
_FILE = re.compile(r"(\d{4}-\d\d-\d\d)\.(\d+)\.parquet$")


def date_of(day: int) -> date:
    """Returns the date of a day counted from the epoch."""
    return _EPOCH + timedelta(days=day)


def table_of(day: int) -> str:
    """Returns the name of a day's table."""
    return f"d_{date_of(day):%Y%m%d}"


def day_of_table(name: str) -> int | None:
    """Returns the day of a table, None when it is none of ours."""
    match = _TABLE.match(name)
    if match is None:
        return None
    text = match[1]
    return (date(int(text[:4]), int(text[4:6]), int(text[6:])) - _EPOCH).days


def find_files(folder: Path) -> tuple[dict[int, Path], list[Path]]:
    """Returns the newest file of each closed day, and the older ones."""
    newest: dict[int, tuple[int, Path]] = {}
    older: list[Path] = []
    for path in folder.glob("*.parquet"):
        match = _FILE.match(path.name)
        if match is None:
            continue
        day = (date.fromisoformat(match[1]) - _EPOCH).days
        mine = (int(match[2]), path)
        other = newest.get(day)
        if other is None or mine > other:
            newest[day] = mine
            mine = other or mine
        if mine[1] != newest[day][1]:
            older.append(mine[1])
    return {day: path for day, (_, path) in newest.items()}, older


def next_file(folder: Path, day: int, current: Path | None) -> Path:
    """Returns a name no version of the day has had, so that readers of the old one go on."""
    number = 0
    if current is not None and (match := _FILE.match(current.name)):
        number = int(match[2]) + 1
    return folder / f"{date_of(day).isoformat()}.{number}.parquet"


@dataclass(frozen=True, slots=True)
class Source:
    """Where one day is to be read.

    Attributes:
        table: Whether there is a table.
        strict: Whether every series' samples lie in rising time, none twice.
        file: The closed part.
    """

    day: int
    table: bool = False
    strict: bool = True
    file: Path | None = None

    @property
    def base(self) -> int:
        """Start of the day in ms."""
        return self.day * DAY_MS

    @property
    def ordered(self) -> bool:
        """Whether rows come in time order for each series, each time once."""
        return not self.table or (self.strict and self.file is None)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """What to select from and the append order of its rows, oldest part first."""
        found = []
        if self.file is not None:
            quoted = str(self.file).replace("'", "''")
            found.append((f"read_parquet('{quoted}')", "-1"))
        if self.table:
            found.append((table_of(self.day), "rowid"))
        return found

    def unique(self, where: str) -> str:
        """Returns SQL for ``(series, t, value)`` with each time once, the last value."""
        if self.ordered:
            return f"SELECT series, t, value FROM {self.parts[0][0]} WHERE {where}"  # noqa: S608  # numbers and our own names only
        union = " UNION ALL ".join(
            f"SELECT series, t, value, {order}::BIGINT AS o FROM {part} WHERE {where}"  # noqa: S608  # numbers and our own names only
            for part, order in self.parts
        )
        return f"SELECT series, t, max_by(value, o) AS value FROM ({union}) GROUP BY 1, 2"  # noqa: S608  # numbers and our own names only


def split_days(
    ids: NDArray[np.int32], times: IntArray, values: FloatArray
) -> dict[int, tuple[NDArray[np.int32], NDArray[np.int32], FloatArray]]:
    """Returns ids, ms of the day and values by day, each in the order given."""
    first, last = int(times.min()) // DAY_MS, int(times.max()) // DAY_MS
    if first == last:
        return {first: (ids, (times - first * DAY_MS).astype(np.int32), values)}
    days = times // DAY_MS
    found = {}
    for day in np.unique(days).tolist():
        mine = days == day
        found[day] = (ids[mine], (times[mine] - day * DAY_MS).astype(np.int32), values[mine])
    return found


class Newest:
    """The newest time of each series in one open day, to tell order from disorder."""

    def __init__(self) -> None:
        self._last = np.full(0, -1, np.int32)

    def is_strict(self, ids: NDArray[np.int32], times: NDArray[np.int32]) -> bool:
        """Whether the samples come after all that was noted, in rising time, none twice."""
        self._grow(int(ids.max()) + 1)
        if not (times > self._last[ids]).all():
            return False
        if (ids[1:] > ids[:-1]).all():
            return True
        order = np.argsort(ids, kind="stable")
        ids, times = ids[order], times[order]
        return bool(((ids[1:] != ids[:-1]) | (times[1:] > times[:-1])).all())

    def note(self, ids: NDArray[np.int32], times: NDArray[np.int32]) -> None:
        """Remembers strict samples that are stored: of each series the last one is newest."""
        self._grow(int(ids.max()) + 1 if len(ids) else 0)
        self._last[ids] = times

    def _grow(self, size: int) -> None:
        if size > len(self._last):
            more = np.full(max(size, 2 * len(self._last)) - len(self._last), -1, np.int32)
            self._last = np.concatenate([self._last, more])
