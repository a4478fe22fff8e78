"""From lines to samples."""

import csv
import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiops.contracts.book import SeriesBook
from aiops.domain.asset import Asset
from aiops.domain.metric import Metric
from aiops.domain.series import Batch, SeriesKey
from collectors.file.settings import FileSettings

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM: Final = 1e11  # in seconds it lies beyond the year 5000
_MAX_FIELD: Final = 64 << 10

Sample = tuple[int, int, float]
"""Row of the book, time in ns, value."""


class RowReader:
    """Reads lines of one file; remembers its series."""

    def __init__(self, settings: FileSettings) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone) if settings.time_zone else None
        self._missing = frozenset(settings.missing)
        self.book = SeriesBook()

    def problem(self, header: list[str]) -> str:
        """Returns what is wrong with a header, empty when nothing is."""
        settings = self._settings
        if len(set(header)) != len(header):
            return "a column stands twice"
        needed = [settings.time]
        needed += [] if settings.own_asset else [settings.asset]
        needed += [settings.value] if settings.metric in header else []
        missing = [name for name in needed if name not in header]
        told = f"has no column {', '.join(missing)}" if missing else ""
        return f"{told}; there are {', '.join(header)[:200]}" if told else ""

    def batch(self, found: list[Sample]) -> Batch:
        """Returns samples as columns."""
        rows, times, values = zip(*found, strict=True) if found else ((), (), ())
        return self.book.batch(rows, times, values)

    def read(self, header: list[str], lines: list[str]) -> tuple[list[Sample], Counter[str]]:
        """Takes lines apart; a bad one costs no other."""
        found: list[Sample] = []
        dropped: Counter[str] = Counter()
        for line in lines:
            if not line:
                continue
            try:
                (fields,) = csv.reader([line], delimiter=self._settings.delimiter, strict=True)
            except (csv.Error, ValueError):
                dropped["parse"] += 1
                continue
            if len(fields) != len(header) or any(len(field) > _MAX_FIELD for field in fields):
                dropped["parse"] += 1
                continue
            self.take(dict(zip(header, fields, strict=True)), found, dropped)
        return found, dropped

    def take(self, fields: Mapping[str, str], found: list[Sample], dropped: Counter[str]) -> None:
        """Takes one row, by column."""
        settings = self._settings
        asset = settings.own_asset or fields[settings.asset].strip()
        time = self._time(fields[settings.time].strip())
        if not asset or "\x00" in asset:
            dropped["labels"] += 1
            return
        if time is None:
            dropped["no_time"] += 1
            return
        if settings.metric in fields:
            numbers = {fields[settings.metric].strip(): fields[settings.value]}
        else:
            known = {settings.time, settings.asset}
            numbers = {name: text for name, text in fields.items() if name not in known}
        for metric, text in numbers.items():
            if text.strip() in self._missing:
                continue
            value = self._value(text.strip())
            if value is None or not metric:
                dropped["parse"] += 1
                continue
            key = SeriesKey(asset, metric)
            row = self.book.row(key, Metric(metric, provisional=True), Asset(asset))
            found.append((row, time, value))

    def _value(self, text: str) -> float | None:
        if self._settings.decimal == ",":
            # A point among them separates thousands, or was meant as one: nobody can tell.
            text = "" if "." in text else text.replace(",", ".")
        return _number(text)

    def _time(self, text: str) -> int | None:
        form = self._settings.time_format
        number = None if form else _number(text)
        try:
            if number is not None:
                ms = round(number * (1e3 if abs(number) < _MILLISECONDS_FROM else 1))
                return ms * 1_000_000 if 0 < ms < 1 << 43 else None
            # A zone, where there is one, is in the text; without one the setting says it.
            at = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
        except ValueError:
            return None
        if at.tzinfo is None:
            if self._zone is None:
                return None
            at = at.replace(tzinfo=self._zone)
            # An hour that the clocks skip, or go through twice, names no time.
            if at.utcoffset() != at.replace(fold=1).utcoffset():
                return None
        return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def _number(text: str) -> float | None:
    """Returns a finite number; Python's own liberties (1_000, other digits) are none here."""
    if not text.isascii() or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
