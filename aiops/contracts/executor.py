"""Executors: spread shards of work over processes or machines."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, TypeVar, runtime_checkable

from aiops.contracts.errors import AiopsError

ShardT = TypeVar("ShardT")
ResultT = TypeVar("ResultT")


class Ending(StrEnum):
    """Why a shard has no result."""

    RAISED = "raised"
    DIED = "died"
    LATE = "late"


class ShardError(AiopsError):
    """One shard came to nothing; its neighbours are not touched."""

    def __init__(self, message: str, ending: Ending) -> None:
        super().__init__(message)
        self.ending = ending

    @classmethod
    def of(cls, error: BaseException) -> "ShardError":
        """Returns the answer of a shard whose function raised."""
        failed = cls(f"{type(error).__name__}: {error}", Ending.RAISED)
        failed.__cause__ = error
        return failed


@runtime_checkable
class Executor(Protocol):
    """Maps a function over shards.

    Promises: one answer for each shard, in order; a worker that dies takes its own shard with
    it at most (after a second try elsewhere) and is replaced; nothing is waited for longer
    than the deadline; construction starts no process and connects to nothing.
    """

    def map(
        self, function: Callable[[ShardT], ResultT], shards: Sequence[ShardT], deadline: timedelta
    ) -> Iterator[ResultT | ShardError]:
        """Yields the result of each shard, or the error that ended it.

        Args:
            function: Importable by name (a ``partial`` of such a function is); idempotent, for
                a shard may run twice.
            deadline: For all shards together, from the call on. What is not done by then is
                given up and answered with ``Ending.LATE``.

        Raises:
            Unreachable: The workers cannot be reached at all.
        """
        ...

    def close(self) -> None:
        """Ends the workers it started; never raises. A later ``map`` starts new ones."""
        ...
