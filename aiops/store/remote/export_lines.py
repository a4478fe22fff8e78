"""Decodes VictoriaMetrics' ``/api/v1/export``: one JSON line per series.

    {"metric":{"__name__":"…","aiops_series":"7"},"values":[1,2],"timestamps":[1000,2000]}

The head of a line is read as JSON, its two arrays by a loop over bytes.
Source: VictoriaMetrics, "How to export data in JSON line format".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson

from aiops.contracts.errors import Unreachable
from aiops.domain.series import FloatArray, IntArray
from aiops.store.remote.naming import REVISION, SERIES
from aiops.store.remote.numbers import as_bytes, parse_numbers, parse_whole

_HEAD: Final = b'{"metric":'
_VALUES: Final = b',"values":['
_TIMES: Final = b'"timestamps":['


@dataclass(frozen=True, slots=True)
class Line:
    """The samples of one series, in order of time."""

    series: int
    revision: int
    times: IntArray
    values: FloatArray


def decode(body: bytes, source: str) -> list[Line]:
    """Returns the lines of an answer.

    Raises:
        Unreachable: It is not what an export answers, or it is cut off.
    """
    if not body:
        return []
    if not body.startswith(_HEAD) or not body.endswith(b"}\n"):
        shown = " ".join(body[:100].decode("utf-8", "replace").split())
        raise Unreachable(f"{source}: answers no export, or half of one: {shown!r}", "not_export")
    return list(_lines(body, source))


def _lines(body: bytes, source: str) -> Iterator[Line]:
    text = as_bytes(body)
    size = body.count(b",") + 1
    values, times = np.empty(size), np.empty(size, np.int64)
    place, at = 0, 0
    while at < len(body):
        end = body.find(b"}\n", at)
        cut = body.find(_VALUES, at, end)
        if cut < 0 or not body.startswith(_HEAD, at):
            raise Unreachable(f"{source}: a line of the export is broken", "not_export")
        series, revision = _name(body[at + len(_HEAD) : cut], source)
        after, found = parse_numbers(text, cut + len(_VALUES), end, values, place)
        begin = after + 1 + len(_TIMES)
        if found >= 0 and body[after + 1 : begin] == _TIMES:
            after, count = parse_whole(text, begin, end, times, place)
            if count != found or after != end:
                raise Unreachable(f"{source}: a line of the export is broken", "not_export")
            yield Line(series, revision, times[place:found], values[place:found])
            place = found
        else:
            yield _slowly(body[at : end + 1], series, revision, source)
        at = end + 2


def _slowly(line: bytes, series: int, revision: int, source: str) -> Line:
    try:
        parsed = orjson.loads(line)
        values = np.array([_number(each) for each in parsed["values"]], np.float64)
        times = np.array(parsed["timestamps"], np.int64)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Unreachable(f"{source}: a line of the export is broken", "not_export") from error
    if len(values) != len(times):
        raise Unreachable(f"{source}: a line of the export is broken", "not_export")
    return Line(series, revision, times, values)


def _number(value: object) -> float:
    return float("nan") if value is None else float(str(value))


def _name(head: bytes, source: str) -> tuple[int, int]:
    try:
        labels = orjson.loads(head)
        return int(labels[SERIES]), int(labels.get(REVISION, 0))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Unreachable(f"{source}: a series without our {SERIES} label", "not_export") from error
