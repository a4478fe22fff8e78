"""What the columns of a ticket table are: free text, categories, numbers or times."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np

from aiops.incident.dispatch.words import clean

LOOKED_AT: Final = 2000
"""Rows that are looked at to tell what a column is."""


class ColumnKind(StrEnum):
    """How a column is read."""

    TEXT = "text"
    CATEGORY = "category"
    NUMBER = "number"
    TIME = "time"
    NOTHING = "nothing"


def tell_kind(cells: Sequence[str]) -> ColumnKind:
    """Tells what a column is from its filled cells.

    Text has several words (or Chinese characters), whether it repeats or not; an identifier that
    never repeats (``INC0001``) says nothing about new tickets.

    >>> tell_kind(["2 - Medium", "1 - High", "2 - Medium"]), tell_kind(["1.5", "2"])
    (<ColumnKind.CATEGORY: 'category'>, <ColumnKind.NUMBER: 'number'>)
    """
    step = max(len(cells) // LOOKED_AT, 1)
    filled = [cell.strip() for cell in cells[::step] if cell.strip()]
    if not filled:
        return ColumnKind.NOTHING
    if all(read_time(cell) is not None for cell in filled):
        return ColumnKind.TIME
    if all(read_number(cell) is not None for cell in filled):
        return ColumnKind.NUMBER if any(not cell.isdigit() for cell in filled) else _count(filled)
    distinct = len(set(filled)) / len(filled)
    spaced = float(np.mean([len(cell.split()) for cell in filled]))
    length = float(np.mean([len(cell) for cell in filled]))
    wide = float(np.mean([sum(ord(c) > 0x2E7F for c in cell[:200]) for cell in filled]))
    if spaced >= 4 or wide >= 6 or (distinct > 0.3 and length > 25 and spaced >= 2):
        return ColumnKind.TEXT
    if len(filled) >= 50 and distinct > 0.98:
        return ColumnKind.TEXT if spaced >= 1.5 else ColumnKind.NOTHING
    return ColumnKind.CATEGORY


def _count(filled: Sequence[str]) -> ColumnKind:
    """Whole numbers are codes (a category) when they are few, measures when they are many."""
    few = len(set(filled)) <= max(20, len(filled) // 5)
    return ColumnKind.CATEGORY if few else ColumnKind.NUMBER


def read_time(cell: str) -> datetime | None:
    """Returns an ISO 8601 time, None where the cell is none."""
    if len(cell) < 10 or cell[4:5] != "-":
        return None
    try:
        return datetime.fromisoformat(cell.strip())
    except ValueError:
        return None


def read_number(cell: str) -> float | None:
    """Returns a finite number, None where the cell is none."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def category_of(cell: str) -> str:
    """Returns a category's value as it is compared: short, clean, in lower case."""
    return clean(cell[:200])


def time_parts(cell: str) -> list[str]:
    """Returns weekday and quarter of the day: teams follow shifts.

    >>> time_parts("2026-02-02T07:15:00Z")
    ['weekday=0', 'quarter=1']
    """
    at = read_time(cell.strip())
    return [] if at is None else [f"weekday={at.weekday()}", f"quarter={at.hour // 6}"]
