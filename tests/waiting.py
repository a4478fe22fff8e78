"""Waiting for what a test speaks of: as long as the slowest machine needs, and no longer."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(what: Callable[[], T], within: float = 120.0, every: float = 0.1) -> T:
    """Returns the first true answer of ``what()``.

    The bound only ends a test that would wait for ever: it is no claim about speed.
    """
    end = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < end, f"did not come true within {within:g} s: {found!r}"
        time.sleep(every)
    return found
