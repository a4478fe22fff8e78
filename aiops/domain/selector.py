"""Which assets a text names: one by its key, or many by a pattern."""

from fnmatch import fnmatchcase


def selects(match: str, key: str) -> bool:
    """Whether a key, or a shell pattern of keys, names this key.

    A key with brackets names itself too.

    >>> selects("db-*", "db-07"), selects("db[1]", "db[1]"), selects("db-07", "DB-07")
    (True, True, False)
    """
    return match == key or fnmatchcase(key, match)
