"""Executors: spread shards over processes or machines."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

ShardT = TypeVar("ShardT")
ResultT = TypeVar("ResultT")


class Executor(Protocol):
    """Maps a function over shards; tasks carry ids, never matrices."""

    def map(
        self, function: Callable[[ShardT], ResultT], shards: Sequence[ShardT]
    ) -> Iterator[ResultT | BaseException]:
        """Yields one result, or the error that ended it, for each shard in order.

        The function must be importable by name and idempotent: a shard may run twice.
        """
        ...

    def close(self) -> None:
        """Ends the workers; never raises."""
        ...
