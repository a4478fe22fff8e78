"""Texts in both languages; times, durations and numbers as people write them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from math import floor, isfinite, log
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiops.domain.forecast import Coverage
from aiops.domain.phrase import name_signal, word
from aiops.domain.series import SeriesKey
from aiops.domain.vocabulary import WORDS

_TEXTS = Path(__file__).parent / "texts"
_NARROW = "\u00a0"
"""A space at which no line breaks."""
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SHOWN = {"1": "", "Cel": "°C", "%": "%", "By": "B"}


@cache
def texts(language: str) -> Mapping[str, str]:
    """Returns every text of a language by key."""
    loaded: dict[str, str] = json.loads((_TEXTS / f"{language}.json").read_text("utf-8"))
    for family in ("action", "reason", "abstention", "shape", "category"):  # the core says them too
        for name in WORDS[family]:
            loaded[f"{family}.{name}"] = word(family, name, language)
    return loaded


class Words:
    """Speaks one language, with times in one zone.

    >>> words = Words("en", "UTC")
    >>> words("board.of", part=3, whole=12)
    '3 of 12'
    >>> words.duration(timedelta(hours=30, minutes=5))
    '1 d 6 h'
    """

    def __init__(self, language: str, zone: str = "UTC") -> None:
        self.language = language
        self._texts = texts(language)
        self.zone_name, self.zone = _zone(zone)

    def __call__(self, key: str, **values: object) -> str:
        """Returns a text with its places filled."""
        text = self._texts.get(key)
        if text is None:
            return key.rpartition(".")[2].replace("_", " ")
        return text.format(**values) if values else text

    def day_time(self, time: datetime | None, now: datetime) -> str:
        """Returns a time, as short as it is clear: with its weekday within a week of now."""
        if time is None:
            return "–"
        local = time.astimezone(self.zone)
        here = now.astimezone(self.zone)
        near = abs(time - now)
        clock = f"{local:%H:%M:%S}" if near < timedelta(minutes=30) else f"{local:%H:%M}"
        if local.date() == here.date():
            return self("day.today", clock=clock)
        if near < timedelta(days=6):
            return f"{self(f'day.{local.weekday()}')} {clock}"
        return f"{local:%Y-%m-%d} {clock}"

    def full_time(self, time: datetime | None) -> str:
        """Returns date and time with the zone."""
        if time is None:
            return "–"
        return f"{time.astimezone(self.zone):%Y-%m-%d %H:%M:%S} {self.zone_name}"

    def duration(self, span: timedelta) -> str:
        """Returns a duration in at most two units."""
        seconds = int(abs(span).total_seconds())
        parts = []
        for name, size in (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1)):
            number, seconds = divmod(seconds, size)
            if number:
                parts.append(self(f"time.{name}", n=number))
            elif parts:
                break
        return " ".join(parts[:2]) or self("time.seconds", n=0)

    def signal(self, key: SeriesKey) -> str:
        """Returns a series in words where its metric is well known, with its labels."""
        return name_signal(key, self.language)

    def kind(self, kind: str) -> str:
        """Returns a kind of asset in words where it is well known, else as its source wrote it.

        >>> Words("zh").kind("volume"), Words("zh").kind("kiln")
        ('存储卷', 'kiln')
        """
        return self._texts.get(f"asset_kind.{kind}", kind)

    def category(self, name: str) -> str:
        """Returns a category in words where it is one of ours, else as the team calls it."""
        return self._texts.get(f"category.{name}", name)

    def percent(self, share: float | None) -> str:
        """Returns a share in whole per cent."""
        if share is None or not isfinite(share):
            return "–"
        return f"{share * 100:.0f}{_NARROW}%"

    def chance(self, probability: float | None) -> str:
        """Returns a probability in whole per cent; what is foreseen is never certain."""
        if probability is None or not isfinite(probability):
            return "–"
        if probability < 0.005:
            return f"< 1{_NARROW}%"
        if probability > 0.995:
            return f"> 99{_NARROW}%"
        return self.percent(probability)

    def coverage(self, found: Coverage) -> str:
        """Returns what a band has held of the values it spoke of."""
        return self(
            "plot.coverage",
            share=self.percent(found.promised),
            held=self.percent(found.held),
            cells=found.cells,
        )

    def amount(self, value: float | None, unit: str, metric: str = "") -> str:
        """Returns a value with its unit, scaled for reading."""
        if value is None or not isfinite(value):
            return "–"
        factor, shown = scale(unit, value, metric)
        return f"{number(value * factor)}{_NARROW}{shown}".strip()


def scale(unit: str, largest: float, metric: str = "") -> tuple[float, str]:
    """Returns factor and name of the unit in which values up to ``largest`` read well.

    >>> scale("By", 3 * 2**30), scale("1", 0.9, "system.filesystem.utilization")
    ((9.313225746154785e-10, 'GiB'), (100.0, '%'))
    """
    head, slash, per = unit.partition("/")
    if unit == "1" and any(word in metric for word in ("utilization", "ratio", "fraction")):
        return 100.0, "%"
    if head == "By":
        size = abs(largest) if isfinite(largest) else 0.0
        power = min(max(floor(log(size, 1024)), 0), len(_BINARY) - 1) if size >= 1 else 0
        return 1024.0**-power, _BINARY[power] + slash + per
    shown = "" if head.startswith("{") else _SHOWN.get(head, head)
    return 1.0, shown + slash + per if shown or slash else ""


def number(value: float) -> str:
    """Returns a number with three significant digits, without an exponent where one can read it.

    >>> number(1234.5), number(0.01234), number(90.0)
    ('1,234', '0.0123', '90')
    """
    size = abs(value)
    if size >= 1e9 or 0 < size < 1e-4:
        return f"{value:.3g}"
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


@cache
def _zone(name: str) -> tuple[str, tzinfo]:
    try:
        return name, ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC", UTC
