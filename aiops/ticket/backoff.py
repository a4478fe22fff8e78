"""When to try again: full jitter between a second and five minutes, as asked within an hour."""

import random
from datetime import timedelta

_LONGEST = 300.0
_MOST_ASKED = 3600.0


def wait_after(attempts: int, retry_after: float | None, rng: random.Random) -> timedelta:
    """Returns how long to wait after the given number of failed attempts.

    Args:
        retry_after: Seconds the other side asked for; below 1 counts as 1, above an hour as one.

    Source: "Exponential Backoff And Jitter" (M. Brooker, 2015): full jitter.

    >>> wait_after(1, 86400.0, random.Random(0))
    datetime.timedelta(seconds=3600)
    >>> 1 <= wait_after(30, None, random.Random(0)).total_seconds() <= 300
    True
    """
    ceiling = min(_LONGEST, 2.0 ** min(attempts, 10))
    seconds = rng.uniform(1.0, max(ceiling, 1.0))
    if retry_after is not None:
        seconds = max(seconds, min(max(retry_after, 1.0), _MOST_ASKED))
    return timedelta(seconds=seconds)
