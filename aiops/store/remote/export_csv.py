"""Decodes VictoriaMetrics' ``/api/v1/export/csv``: one line per sample, without its labels.

    7,,1767571200000,12.5
    7,1,1767571200000,13

The cheap way for many series with few samples each; :mod:`export_lines` is for the others.
Source: VictoriaMetrics, "How to export CSV data".
"""

from typing import Any, Final

import numpy as np

from aiops.contracts.errors import Unreachable
from aiops.domain.series import FloatArray, IntArray
from aiops.store.remote.naming import REVISION, SERIES
from aiops.store.remote.numbers import as_bytes, parse_samples

FORMAT: Final = f"{SERIES},{REVISION},__timestamp__:unix_ms,__value__"
_LINE: Final = ord("\n")


def decode(body: bytes, source: str) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Returns series, revision, time in ms and value of each line.

    Raises:
        Unreachable: It is not what an export answers, or it is cut off.
    """
    count = body.count(b"\n")
    series, revisions, times = (np.zeros(count, np.int64) for _ in range(3))
    values = np.zeros(count)
    text = as_bytes(body)
    done = parse_samples(text, series, revisions, times, values) if count else 0
    while 0 <= done < count:
        done = _slowly(body, done, (series, revisions, times, values), source)
        if done < count:
            done = _parse_from(text, done, (series, revisions, times, values))
    if len(body) and not body.endswith(b"\n"):
        raise Unreachable(f"{source}: answers no CSV export, or half of one", "not_export")
    return series, revisions, times, values


def _parse_from(text: Any, done: int, into: tuple[Any, ...]) -> int:
    at = int(np.flatnonzero(text == _LINE)[done - 1]) + 1
    return done + int(parse_samples(text[at:], *(each[done:] for each in into)))


def _slowly(body: bytes, number: int, into: tuple[Any, ...], source: str) -> int:
    line = body.split(b"\n", number + 1)[number]
    try:
        series, revision, time, value = line.decode("ascii").split(",")
        row = (int(series), int(revision or 0), int(time), float(value))
    except ValueError as error:
        shown = line[:100].decode("utf-8", "replace")
        raise Unreachable(f"{source}: answers no CSV export but {shown!r}", "not_export") from error
    for array, item in zip(into, row, strict=True):
        array[number] = item
    return number + 1
