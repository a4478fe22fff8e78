"""States on disk: written, synced, then named in the ledger; two are kept.

A file is plain npz (no pickle). After a restart the newest one is loaded and the windows
since are replayed without scoring anything, so that the state is what it would have been.
"""

import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.crash import crashpoint
from aiops.contracts.errors import StoreError
from aiops.contracts.ledger import Checkpoint, Ledger
from aiops.domain.series import IntArray
from aiops.domain.state import State

_IDS = "__series__"
_BESIDE = "__assets__."
_DAMAGED = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, RuntimeError)
"""What reading a file raises of which one byte was flipped, or the tail is missing."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What one file holds.

    Attributes:
        ids: Series of each unit of the state.
        beside: Arrays of the units that are assets, of a length of their own.
    """

    ids: IntArray
    state: State
    beside: Mapping[str, NDArray[Any]]


def write_state(path: Path, kept: Kept) -> None:
    """Writes states aside, syncs them and renames the file.

    Raises:
        StoreError: There is no room, or the directory cannot be written.
    """
    aside = path.with_suffix(".part")
    arrays: dict[str, Any] = {_IDS: kept.ids, **kept.state.arrays}
    arrays.update({f"{_BESIDE}{name}": array for name, array in kept.beside.items()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StoreError(f"cannot save the detector state {path}: {error.strerror}") from error


def read_state(path: Path, version: str) -> Kept | None:
    """Returns what a file holds, None when it is missing or damaged."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except _DAMAGED:
        return None
    ids = arrays.pop(_IDS, None)
    beside = {
        name.removeprefix(_BESIDE): arrays.pop(name)
        for name in list(arrays)
        if name.startswith(_BESIDE)
    }
    if ids is None or any(len(array) != len(ids) for array in arrays.values()):
        return None
    if len({len(array) for array in beside.values()}) > 1:
        return None
    return Kept(ids, State(version, arrays), beside)


def save_checkpoint(
    ledger: Ledger,
    directory: Path,
    name: str,
    shard: str,
    window_end: int,
    kept: Kept,
) -> None:
    """Saves one shard's state and lets older ones go.

    Raises:
        StoreError: It could not be written; the states before it stay.
    """
    version = "".join(c if c.isalnum() or c in "._-" else "_" for c in kept.state.version)
    path = directory / name / version / shard / f"{window_end}.npz"
    write_state(path, kept)
    crashpoint("checkpoint.before_row")
    row = Checkpoint(name, kept.state.version, shard, window_end, str(path))
    with ledger.begin() as tx:
        gone = tx.put_checkpoint(row)
    for old in gone:
        Path(old.path).unlink(missing_ok=True)


def load_checkpoint(ledger: Ledger, name: str, version: str, shard: str) -> tuple[Kept, int] | None:
    """Returns the newest readable checkpoint and its window end.

    The one kept beside it, named by its window end too, stands in for a damaged newest one.
    """
    row = ledger.checkpoint(name, version, shard)
    if row is None:
        return None
    newest = Path(row.path)
    ends = {int(path.stem) for path in newest.parent.glob("*.npz") if path.stem.isdigit()}
    for end in sorted({row.window_end} | {end for end in ends if end < row.window_end})[::-1]:
        found = read_state(newest.with_name(f"{end}.npz"), row.version)
        if found is not None:
            return found, end
    return None
