"""Samples as line protocol, with times in milliseconds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray
from aiops.store.remote.naming import REVISION


def encode(heads: Sequence[bytes], times: IntArray, values: FloatArray) -> bytes:
    r"""Returns one line per sample.

    Numbers are written by a JSON library, many at once: the shortest text that reads back as
    the same number, several times faster than one by one.

    Args:
        heads: Of each sample, see :mod:`aiops.store.remote.naming`.
        times: ``(n,)`` ms.
        values: ``(n,)`` finite.

    >>> encode([b"aiops,aiops_series=7 value="], np.array([1000]), np.array([0.5]))
    b'aiops,aiops_series=7 value=0.5 1000\n'
    """
    if not len(heads):
        return b""
    if times[0] == times[-1] and (times == times[0]).all():  # one scrape of many series
        ends = [b" %d\n" % times[0]] * len(heads)
    else:
        ends = [b" %b\n" % text for text in _texts(times)]
    parts: list[bytes] = [b""] * (3 * len(heads))
    parts[0::3] = heads
    parts[1::3] = _texts(values)
    parts[2::3] = ends
    return b"".join(parts)


def revised(head: bytes, revision: int) -> bytes:
    """Returns the head of a revision: the same series with one more tag."""
    if not revision:
        return head
    measurement, _, rest = head.partition(b",")
    return b"%s,%s=%d,%s" % (measurement, REVISION.encode(), revision, rest)


def _texts(numbers: NDArray[Any]) -> list[bytes]:
    array = np.ascontiguousarray(numbers)
    return orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
