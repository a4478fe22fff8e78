"""Tables that several workbench commands share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from aiops.contracts.correlator import Topology


def check_columns(
    source: str, table: "pd.DataFrame", needed: Sequence[str], optional: Sequence[str] = ()
) -> None:
    """Checks that a table has the columns it needs and no others.

    Raises:
        InputError: One line per column.
    """
    from aiops.contracts.errors import InputError

    every = ", ".join((*needed, *optional))
    problems = [
        f"{source}: there is no column {name!r}; columns are {every}"
        for name in needed
        if name not in table
    ]
    problems += [
        f"{source}: column {name!r} is not known; columns are {every}"
        for name in table.columns
        if name not in needed and name not in optional
    ]
    if problems:
        raise InputError(problems)


def read_topology(
    source: str, edges: "pd.DataFrame | None", entities: "pd.Series[Any]"
) -> "tuple[Topology, Any]":
    """Returns the topology over all names, sorted, and the index of each row's entity.

    Raises:
        InputError: An edge names nothing, or the table has other columns.
    """
    import numpy as np
    import pandas as pd

    from aiops.contracts.correlator import Topology
    from aiops.contracts.errors import InputError

    source_names = target_names = pd.Series([], dtype=str)
    if edges is not None:
        check_columns(source, edges, ("source", "target"))
        source_names = edges["source"].fillna("").astype(str)
        target_names = edges["target"].fillna("").astype(str)
        empty = ((source_names == "") | (target_names == "")).to_numpy()
        if empty.any():
            row = int(np.argmax(empty)) + 2
            raise InputError([f"{source}: row {row}: an edge needs both source and target"])
    names = sorted(set(entities) | set(source_names) | set(target_names))
    index = pd.Index(names)
    ends = [index.get_indexer(column).astype(np.int64) for column in (source_names, target_names)]
    row_entity = index.get_indexer(entities).astype(np.int64)
    return Topology(tuple(names), ends[0], ends[1]), row_entity


def write_time(time: int, plain: bool) -> str | int:
    """Returns ISO 8601 in UTC, or the plain step.

    >>> write_time(1_700_000_000_500_000_000, plain=False)
    '2023-11-14T22:13:20.500Z'
    """
    if plain:
        return time
    import pandas as pd

    stamp = pd.Timestamp(time, unit="ns", tz="UTC")
    exact = "seconds" if time % 10**9 == 0 else "milliseconds" if time % 10**6 == 0 else "auto"
    return str(stamp.isoformat(timespec=exact)).replace("+00:00", "Z")
