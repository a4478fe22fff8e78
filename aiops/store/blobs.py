"""A batch as bytes, the way it waits on disk: ids and times as narrow as they allow.

One scrape has one time, so that a sample takes 12 bytes instead of 24: what is written, and
with it a third of the cost of a durable batch, halves.
"""

import struct
from typing import Final

import numpy as np

from aiops.domain.series import Samples
from aiops.store.grid import MS

_HEAD: Final = struct.Struct("<BBq")
"""Bytes of an id, bytes of a time (0: all are the first), the first time in ms."""


def encode(samples: Samples) -> bytes:
    """Returns the batch as bytes; times are kept to the ms, as stores do."""
    ids = np.asarray(samples.ids, np.int64)
    times = np.asarray(samples.times, np.int64) // MS
    first = int(times.min()) if len(times) else 0
    times = times - first
    last = int(times.max()) if len(times) else 0
    id_bytes = 4 if not len(ids) or int(ids.max()) < 1 << 32 else 8
    time_bytes = 0 if last == 0 else 4 if last < 1 << 32 else 8
    parts = [_HEAD.pack(id_bytes, time_bytes, first), ids.astype(f"<u{id_bytes}").tobytes()]
    if time_bytes:
        parts.append(times.astype(f"<u{time_bytes}").tobytes())
    parts.append(np.asarray(samples.values, "<f8").tobytes())
    return b"".join(parts)


def decode(data: bytes, n: int) -> Samples:
    """Returns the batch.

    >>> batch = Samples(np.array([1, 2]), np.array([2_000_000, 3_000_000]), np.array([0.5, -1.0]))
    >>> again = decode(encode(batch), 2)
    >>> again.ids.tolist(), again.times.tolist(), again.values.tolist()
    ([1, 2], [2000000, 3000000], [0.5, -1.0])
    """
    id_bytes, time_bytes, first = _HEAD.unpack_from(data)
    at = _HEAD.size
    ids = np.frombuffer(data, f"<u{id_bytes}", n, at).astype(np.int64)
    at += n * id_bytes
    times = np.full(n, first, np.int64)
    if time_bytes:
        times += np.frombuffer(data, f"<u{time_bytes}", n, at).astype(np.int64)
    values = np.frombuffer(data, "<f8", n, at + n * time_bytes).astype(np.float64)
    return Samples(ids, times * MS, values)
