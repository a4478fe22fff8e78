"""Decodes VictoriaMetrics' ``/api/v1/export``: one JSON line per series.

    {"metric":{"__name__":"…","aiops_series":"7"},"values":[1,2],"timestamps":[1000,2000]}

The head of a line is read as JSON, its two arrays by a loop over bytes.
Source: VictoriaMetrics, "How to export data in JSON line format".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson

from aiops.contracts.errors import Unreachable
from aiops.domain.series import FloatArray, IntArray
from aiops.store.remote.naming import REVISION, SERIES
from aiops.store.remote.numbers import as_bytes, parse_lines

_HEAD: Final = b'{"metric":'
_VALUES: Final = b',"values":['
BETWEEN: Final = np.array(as_bytes(b',"timestamps":['))
_BRACE: Final = ord("}")


@dataclass(frozen=True, slots=True)
class Lines:
    """The samples of many series, each line in order of time.

    Attributes:
        series: ``(n,)`` id of each line.
        revisions: ``(n,)`` of each line, 0 for the samples as they first came.
        bounds: ``(n + 1,)`` where the samples of each line begin.
        times: ``(n_samples,)`` ms.
    """

    series: IntArray
    revisions: IntArray
    bounds: IntArray
    times: IntArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class Heads:
    """Where the lines of an answer are, and whose they are.

    Attributes:
        cuts: ``(n,)`` where the values of each line begin.
        ends: ``(n,)`` where each line ends.
    """

    series: IntArray
    revisions: IntArray
    cuts: IntArray
    ends: IntArray


def read_heads(body: bytes, source: str) -> Heads:
    """Returns the lines of an answer, without their numbers.

    Raises:
        Unreachable: It is not what an export answers, or it is cut off.
    """
    if body and not (body.startswith(_HEAD) and body.endswith(b"}\n")):
        shown = " ".join(body[:100].decode("utf-8", "replace").split())
        raise Unreachable(f"{source}: answers no export, or half of one: {shown!r}", "not_export")
    heads, cuts, ends = _split(body, source)
    names = [_name(head, source) for head in heads]
    series = np.array([number for number, _ in names], np.int64)
    return Heads(series, np.array([revision for _, revision in names], np.int64), cuts, ends)


def decode(body: bytes, source: str) -> Lines:
    """Returns the lines of an answer.

    Raises:
        Unreachable: It is not what an export answers, or it is cut off.
    """
    heads = read_heads(body, source)
    size = len(body) // 2 + 1  # of each number and its comma; untouched memory costs nothing
    values, times = np.empty(size), np.empty(size, np.int64)
    bounds = np.zeros(len(heads.series) + 1, np.int64)
    text = as_bytes(body)
    done = 0
    cuts, ends = heads.cuts, heads.ends
    while done < len(cuts):
        done += int(
            parse_lines(text, cuts[done:], ends[done:], BETWEEN, values, times, bounds[done:])
        )
        if done < len(cuts):
            line = body[int(cuts[done]) - len(_VALUES) + 1 : int(ends[done])]
            bounds[done + 1] = _slowly(line, values, times, int(bounds[done]), source)
            done += 1
    count = int(bounds[-1])
    return Lines(heads.series, heads.revisions, bounds, times[:count], values[:count])


def _split(body: bytes, source: str) -> tuple[list[bytes], IntArray, IntArray]:
    heads, cuts, ends = [], [], []
    at = 0
    while at < len(body):
        end = body.find(b"\n", at) - 1  # a text's own line feeds are escaped
        cut = body.find(_VALUES, at, end)
        if cut < 0 or body[end] != _BRACE or not body.startswith(_HEAD, at):
            raise _broken(source)
        heads.append(body[at + len(_HEAD) : cut])
        cuts.append(cut + len(_VALUES))
        ends.append(end)
        at = end + 2
    return heads, np.array(cuts, np.int64), np.array(ends, np.int64)


def _slowly(line: bytes, values: FloatArray, times: IntArray, place: int, source: str) -> int:
    try:
        parsed = orjson.loads(b"{" + line + b"}")
        numbers = [_number(each) for each in parsed["values"]]
        stamps = np.array(parsed["timestamps"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise _broken(source) from error
    after = place + len(numbers)
    if len(numbers) != len(stamps) or after > len(values):
        raise _broken(source)
    if len(stamps) and stamps.dtype.kind != "i":
        raise _broken(source)
    values[place:after], times[place:after] = numbers, stamps
    return after


def _number(value: object) -> float:
    return float("nan") if value is None else float(str(value))


def _name(head: bytes, source: str) -> tuple[int, int]:
    try:
        labels = orjson.loads(head)
        return int(labels[SERIES]), int(labels.get(REVISION, 0))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Unreachable(f"{source}: a series without our {SERIES} label", "not_export") from error


def _broken(source: str) -> Unreachable:
    return Unreachable(f"{source}: a line of the export is broken", "not_export")
