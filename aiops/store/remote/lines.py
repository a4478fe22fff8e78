"""Samples as line protocol, with times in milliseconds."""

from collections.abc import Sequence

from aiops.domain.series import FloatArray, IntArray
from aiops.store.remote.naming import REVISION


def encode(heads: Sequence[str], times: IntArray, values: FloatArray) -> bytes:
    r"""Returns one line per sample.

    Args:
        heads: Of each sample, see :mod:`aiops.store.remote.naming`.
        times: ``(n,)`` ms.
        values: ``(n,)`` finite; written so that reading them gives the same number.

    >>> import numpy as np
    >>> encode(["aiops,aiops_series=7 value"], np.array([1000]), np.array([0.5]))
    b'aiops,aiops_series=7 value=0.5 1000\n'
    """
    rows = zip(heads, values.tolist(), times.tolist(), strict=True)
    return "".join([f"{head}={value!r} {time}\n" for head, value, time in rows]).encode()


def revised(head: str, revision: int) -> str:
    """Returns the head of a revision: the same series with one more tag."""
    if not revision:
        return head
    measurement, _, rest = head.partition(",")
    return f"{measurement},{REVISION}={revision},{rest}"
