"""States on disk: written, synced, then named in the ledger; two are kept.

A file is plain npz (no pickle). After a restart the newest one is loaded and the windows
since are replayed without scoring anything, so that the state is what it would have been.
"""

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from aiops.contracts.crash import crashpoint
from aiops.contracts.errors import StoreError
from aiops.contracts.ledger import Checkpoint, Ledger
from aiops.domain.series import IntArray
from aiops.domain.state import State

_IDS = "__series__"
_DAMAGED = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, RuntimeError)
"""What reading a file raises of which one byte was flipped, or the tail is missing."""


def write_state(path: Path, ids: IntArray, state: State) -> None:
    """Writes a state aside, syncs it and renames it.

    Raises:
        StoreError: There is no room, or the directory cannot be written.
    """
    aside = path.with_suffix(".part")
    arrays: dict[str, Any] = {_IDS: ids, **state.arrays}
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


def read_state(path: Path, version: str) -> tuple[IntArray, State] | None:
    """Returns the ids and the state, None when the file is missing or damaged."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except _DAMAGED:
        return None
    ids = arrays.pop(_IDS, None)
    if ids is None or any(len(array) != len(ids) for array in arrays.values()):
        return None
    return ids, State(version, arrays)


def save_checkpoint(
    ledger: Ledger,
    directory: Path,
    name: str,
    shard: str,
    window_end: int,
    ids: IntArray,
    state: State,
) -> None:
    """Saves one shard's state and lets older ones go.

    Raises:
        StoreError: It could not be written; the states before it stay.
    """
    version = "".join(c if c.isalnum() or c in "._-" else "_" for c in state.version)
    path = directory / name / version / shard / f"{window_end}.npz"
    write_state(path, ids, state)
    crashpoint("checkpoint.before_row")
    row = Checkpoint(name, state.version, shard, window_end, str(path))
    with ledger.begin() as tx:
        gone = tx.put_checkpoint(row)
    for old in gone:
        Path(old.path).unlink(missing_ok=True)


def load_checkpoint(
    ledger: Ledger, name: str, version: str, shard: str
) -> tuple[IntArray, State, int] | None:
    """Returns ids, state and window end of the newest readable checkpoint.

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
            return (*found, end)
    return None
