"""Reads a store that a running daemon holds, through a socket in its data directory.

The embedded engine belongs to one process. Who may read the directory may ask that process: the
socket has the directory's rights, so there is no further key. Arrays come in NumPy's own format.
"""

import io
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
from numpy.typing import NDArray

from aiops.contracts.errors import StoreError
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import IntArray, Samples

SOCKET: Final = "reads.sock"
MEDIA_TYPE: Final = "application/x-npz"
_TIMEOUT: Final = 120.0
"""A whole fleet's day from Parquet takes seconds; a daemon that hangs is found out."""


class BesideReader:
    """A store's reading half, answered by the daemon.

    Raises:
        StoreError: Nobody answers at the socket.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / SOCKET
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            try:
                knock.connect(str(self._path))
            except OSError as error:
                raise self._silent(error) from error
        transport = httpx.HTTPTransport(uds=str(self._path))
        self._client = httpx.Client(transport=transport, base_url="http://daemon", timeout=_TIMEOUT)

    def panel(
        self,
        ids: IntArray,
        start: int,
        end: int,
        step: timedelta,
        aggregation: Aggregation = Aggregation.LAST,
        counters: NDArray[np.bool_] | None = None,
    ) -> Panel:
        """Returns the grid.

        Raises:
            StoreError: The daemon does not answer, or cannot read.
        """
        found = self._ask(
            "/panel",
            {
                "ids": np.asarray(ids, np.int64).tolist(),
                "start": start,
                "end": end,
                "step_us": step // timedelta(microseconds=1),
                "aggregation": aggregation.value,
                "counters": None if counters is None else counters.tolist(),
            },
        )
        return Panel(
            found["series"], step, found["times"], found["values"], found["quality"], aggregation
        )

    def samples(self, ids: IntArray, start: int, end: int) -> Samples:
        """Returns the samples.

        Raises:
            StoreError: The daemon does not answer, or cannot read.
        """
        asked = {"ids": np.asarray(ids, np.int64).tolist(), "start": start, "end": end}
        found = self._ask("/samples", asked)
        return Samples(found["ids"], found["times"], found["values"])

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    def _ask(self, path: str, question: Mapping[str, Any]) -> Mapping[str, NDArray[Any]]:
        try:
            answer = self._client.post(path, json=question)
        except httpx.HTTPError as error:
            raise self._silent(error) from error
        if answer.status_code != httpx.codes.OK:
            raise StoreError(f"{self._path}: the running daemon says: {answer.text[:300]}")
        with np.load(io.BytesIO(answer.content), allow_pickle=False) as arrays:
            return dict(arrays)

    def _silent(self, error: Exception) -> StoreError:
        return StoreError(
            f"{self._path}: the running daemon does not answer ({error}); ask again, or stop it "
            "and run the command alone"
        )


def pack(**arrays: Any) -> bytes:
    """Returns arrays as the body of an answer."""
    sink = io.BytesIO()
    np.savez(sink, **arrays)
    return sink.getvalue()
