"""What an asset did before a repair, or before a person accepted its new normal, is forgotten.

The rows of the asset begin anew at a time that is kept in the ledger: a restart that replays
the windows since a checkpoint forgets at the same cell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from aiops.contracts.ledger import LedgerTransaction
from aiops.domain.series import IntArray, SeriesInfo

REBASED: Final = "rebased"
"""Name of the ledger's note that keeps them."""


@dataclass(frozen=True, slots=True)
class Rebase:
    """From when on an asset is new.

    Attributes:
        at: ns; cells that begin earlier are forgotten.
        reason: Why, in words.
    """

    at: int
    reason: str


def read(note: Mapping[str, Any]) -> dict[str, Rebase]:
    """Returns what a note holds: asset to its newest rebase."""
    return {asset: Rebase(int(each["at"]), each["reason"]) for asset, each in note.items()}


def put(tx: LedgerTransaction, rebased: Mapping[str, Rebase]) -> None:
    """Writes them in a transaction."""
    body = {asset: {"at": each.at, "reason": each.reason} for asset, each in rebased.items()}
    tx.put_note(REBASED, body)


def rows_by_time(
    infos: Iterable[SeriesInfo], rebased: Mapping[str, Rebase], start: int, end: int
) -> dict[int, IntArray]:
    """Returns the rows that begin anew, by the time in ``[start, end)`` at which they do."""
    found: dict[int, list[int]] = {}
    if rebased:
        for row, info in enumerate(infos):
            each = rebased.get(info.key.asset)
            if each is not None and start <= each.at < end:
                found.setdefault(each.at, []).append(row)
    return {at: np.array(found[at], dtype=np.int64) for at in sorted(found)}


def later(
    rebased: Mapping[str, Rebase], assets: Iterable[str], new: Rebase, forget_before: int
) -> dict[str, Rebase]:
    """Returns the rebases with new ones among them and those of long ago left out.

    >>> later({"a": Rebase(5, "repair")}, ["b"], Rebase(9, "accepted"), 6)
    {'b': Rebase(at=9, reason='accepted')}
    """
    kept = {asset: each for asset, each in rebased.items() if each.at >= forget_before}
    return {**kept, **{asset: replace(new) for asset in assets}}
