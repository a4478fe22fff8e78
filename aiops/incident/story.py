"""One deterministic sentence for a group of alerts."""

from collections.abc import Sequence
from datetime import timedelta

from aiops.contracts.cause import Cause


def tell_incident(
    began: str,
    lasted: timedelta | int,
    entities: Sequence[str],
    alerts: int,
    causes: Sequence[Cause],
    names: Sequence[str],
) -> str:
    """Returns what happened, since when, how wide, and the likeliest cause with its reason.

    Args:
        began: Time of the first alert as it is written in the file.
        lasted: Until the last alert; plain steps where the times are.
        entities: Entities in order of their first alert, each once.
        causes: Best first.
        names: Entity names by index.

    >>> tell_incident("2026-01-31T12:00:00Z", timedelta(minutes=3), ["db-07"], 2, [], [])
    '2 alerts of db-07 since 2026-01-31T12:00:00Z, within 3 min; no cause stands out.'
    """
    who = entities[0] if len(entities) == 1 else f"{len(entities)} entities"
    first = "" if len(entities) == 1 else f", {entities[0]} first"
    count = "1 alert" if alerts == 1 else f"{alerts} alerts"
    span = f"{count} of {who} since {began}, within {_words(lasted)}{first}"
    if not causes:
        return f"{span}; no cause stands out."
    best = causes[0]
    return f"{span}; probable cause {names[best.entity]}: {best.reason}."


def _words(lasted: timedelta | int) -> str:
    if isinstance(lasted, int):
        return f"{lasted} steps"
    seconds = lasted.total_seconds()
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
