"""The published checker of executors: what every one of them must keep."""
# ruff: noqa: S101  # a checker speaks in assertions, as the tests that call it

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from aiops.contracts.executor import Ending, Executor, ShardError

_LONG: Final = timedelta(minutes=2)
_SHORT: Final = timedelta(seconds=5)


def check_executor(make_executor: Callable[[], Executor], directory: Path) -> None:
    """Runs every check against workers that are really there.

    Args:
        directory: An empty one that the workers can write to as well.

    Raises:
        AssertionError: A promise of :class:`aiops.contracts.executor.Executor` is not kept.
    """
    executor = make_executor()
    try:
        assert isinstance(executor, Executor), "it must have every method of the contract"
        assert list(executor.map(square, [], _LONG)) == [], "no shards, no answers"
        assert list(executor.map(square, list(range(20)), _LONG)) == [n * n for n in range(20)]
        _check_errors(executor)
        _check_deaths(executor, directory)
        _check_deadline(executor)
        assert list(executor.map(square, [3], _LONG)) == [9], "it goes on after all that"
    finally:
        executor.close()
        executor.close()  # closing twice does no harm
    assert list(executor.map(square, [4], _LONG)) == [16], "a later map starts new workers"
    executor.close()


def _check_errors(executor: Executor) -> None:
    good, bad, after = executor.map(invert, [2, 0, 4], _LONG)
    assert (good, after) == (0.5, 0.25), "an error touches no neighbour"
    assert isinstance(bad, ShardError), "an error is an answer, it is not raised"
    assert bad.ending is Ending.RAISED
    assert "ZeroDivisionError" in str(bad), "the answer says what was raised"


def _check_deaths(executor: Executor, directory: Path) -> None:
    once = partial(die_once, str(directory))
    assert list(executor.map(once, [5, 6], _LONG)) == [5, 6], "a dead worker's shard runs again"
    lost, *rest = executor.map(die_at_zero, [0, 7, 8], _LONG)
    assert isinstance(lost, ShardError), "a shard that kills every worker is given up"
    assert lost.ending is Ending.DIED
    assert rest == [7, 8], "its neighbours are answered"


def _check_deadline(executor: Executor) -> None:
    assert list(executor.map(square, [1, 2], _LONG)) == [1, 4], "its workers are up again"
    quick, slow = executor.map(wait, [0.0, 600.0], _SHORT)
    assert quick == 0.0
    assert isinstance(slow, ShardError), "what is not done by the deadline is answered"
    assert slow.ending is Ending.LATE


def square(number: int) -> int:
    """Returns the square."""
    return number * number


def invert(number: int) -> float:
    """Returns one over the number; 0 raises."""
    return 1 / number


def die_once(directory: str, number: int) -> int:
    """Ends its own process the first time it sees a number."""
    seen = Path(directory) / str(number)
    if not seen.exists():
        seen.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_at_zero(number: int) -> int:
    """Ends its own process at 0."""
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def wait(seconds: float) -> float:
    """Sleeps, and returns how long."""
    time.sleep(seconds)
    return seconds
