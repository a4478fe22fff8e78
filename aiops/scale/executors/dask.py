"""Workers of a Dask cluster, for models that one machine cannot carry.

The cluster is the user's own (``dask scheduler``, ``dask worker``, with aiops installed on
every machine). A shard whose worker dies is tried elsewhere by the scheduler; the worker of one
that is late is restarted by its nanny. Anyone who reaches a scheduler can run code on its
workers: over a network both sides prove themselves by certificates, and without them only
loopback is accepted.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from aiops.contracts.errors import Unreachable
from aiops.contracts.executor import Ending, ResultT, ShardError, ShardT
from aiops.contracts.plugin import Plugin, Stability

_RESTART_SECONDS: Final = 20
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class DaskSettings:
    """Where the scheduler is and how both sides prove who they are."""

    address: str = field(
        default="tcp://127.0.0.1:8786",
        metadata={"help": "Of the scheduler: tls://host:port; tcp:// on this machine only."},
    )
    ca_file: str = field(default="", metadata={"help": "Certificate of the authority (PEM)."})
    certificate: str = field(default="", metadata={"help": "Own certificate (PEM)."})
    key: str = field(default="", metadata={"help": "Key of the own certificate (PEM)."})
    connect: timedelta = field(
        default=timedelta(seconds=10), metadata={"help": "Longest wait for the scheduler."}
    )

    def __post_init__(self) -> None:
        """Refuses what would send code over a network unproven."""
        url = urlsplit(self.address)
        if url.scheme == "tls":
            if not (self.ca_file and self.certificate and self.key):
                raise ValueError("a tls:// address needs ca_file, certificate and key")
        elif url.hostname not in _LOOPBACK:
            raise ValueError(
                f"address is {self.address}, expected tls://host:port; without certificates "
                "only this machine is accepted"
            )


class DaskExecutor:
    """Runs shards on the workers of a cluster; connects when the first shards come."""

    def __init__(self, settings: DaskSettings) -> None:
        import distributed

        del distributed  # a missing library is told when the executor is made
        self._settings = settings
        self._client: Any = None  # the library has no types

    def map(
        self, function: Callable[[ShardT], ResultT], shards: Sequence[ShardT], deadline: timedelta
    ) -> Iterator[ResultT | ShardError]:
        """Yields the result of each shard, or the error that ended it, in order.

        Raises:
            Unreachable: The scheduler does not answer, or refuses the certificate.
        """
        until = time.monotonic() + deadline.total_seconds()
        client = self._connect()
        futures = client.map(function, list(shards), pure=False)
        try:
            for place, shard in enumerate(shards):
                told = _wait(futures[place], until)
                if isinstance(told, ShardError) and told.ending is Ending.DIED:
                    # The scheduler blames all that a dead worker held: alone it may well pass.
                    futures[place] = client.submit(function, shard, pure=False)
                    told = _wait(futures[place], until)
                yield told
        finally:
            _stop(client, [future for future in futures if not future.done()])

    def close(self) -> None:
        """Leaves the cluster; its workers are not ours to end."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):  # a scheduler that is gone needs no farewell
                client.close()

    def _connect(self) -> Any:
        import distributed

        if self._client is not None and self._client.status == "running":
            return self._client
        self.close()
        given = self._settings
        security = None
        if given.ca_file:
            security = distributed.Security(  # type: ignore[no-untyped-call]  # the library has no types
                tls_ca_file=given.ca_file,
                tls_client_cert=given.certificate,
                tls_client_key=given.key,
                require_encryption=True,
            )
        try:
            self._client = distributed.Client(  # type: ignore[no-untyped-call]  # the library has no types
                given.address,
                timeout=given.connect.total_seconds(),
                security=security,
                set_as_default=False,
            )
        except (OSError, TimeoutError) as error:
            raise Unreachable(
                f"dask scheduler {given.address}: {error}; is it running, and do the "
                "certificates fit?"
            ) from error
        return self._client


def _stop(client: Any, late: Sequence[Any]) -> None:
    """Frees the workers that are still busy: a thread cannot be stopped, its process can."""
    if not late:
        return
    keys = {future.key for future in late}
    with contextlib.suppress(Exception):  # the answers are given; the cluster looks after itself
        busy = [worker for worker, tasks in client.processing().items() if keys & set(tasks)]
        client.cancel(late, force=True)
        if busy:
            client.restart_workers(busy, timeout=_RESTART_SECONDS, raise_for_error=False)


def _wait(future: Any, until: float) -> Any:
    from distributed import KilledWorker

    try:
        return future.result(timeout=max(0.0, until - time.monotonic()))
    except TimeoutError:
        return ShardError("not done by the deadline", Ending.LATE)
    except KilledWorker as error:
        return ShardError(f"its workers died ({error})", Ending.DIED)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the shard's answer
        return ShardError.of(error)


PLUGIN: Final = Plugin(
    "Workers of a Dask cluster, both sides proven by certificates",
    DaskSettings,
    DaskExecutor,
    stability=Stability.EXPERIMENTAL,
    extra="dask",
)
