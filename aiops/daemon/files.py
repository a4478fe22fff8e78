"""The data directory: created with tight rights, held by one daemon."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO

from aiops.contracts.errors import AiopsError


class DataDirectory:
    """Everything on disk below one directory, locked for one process.

    Raises:
        AiopsError: Another daemon has it, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock: IO[str] = (path / "lock").open("w")
        except OSError as error:
            raise AiopsError(
                f"{path}: {error.strerror}; change store.directory or its rights"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise AiopsError(
                f"{path}: another aiops daemon has this data directory; stop it, or give this "
                "one its own store.directory"
            ) from error

    @property
    def checkpoints(self) -> Path:
        """Where states of detectors are kept."""
        return self.path / "states"

    def link_key(self) -> bytes:
        """Returns the key that links are signed with, made when it is first asked for."""
        path = self.path / "link.key"
        if not path.exists():
            write_secret(path, secrets.token_hex(32) + "\n")
        return bytes.fromhex(path.read_text("ascii").strip())

    def close(self) -> None:
        """Lets the directory go."""
        self._lock.close()


class Reserve:
    """16 MiB that are given back when the disk is full, so that decisions still commit."""

    SIZE = 16 << 20

    def __init__(self, path: Path) -> None:
        self._path = path / "reserve"

    def hold(self) -> bool:
        """Takes the space (again); False when there is no room for it."""
        if self._path.exists() and self._path.stat().st_size == self.SIZE:
            return True
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.SIZE)
        except OSError:
            self._path.unlink(missing_ok=True)
            return False
        return True

    def release(self) -> None:
        """Gives the space back."""
        self._path.unlink(missing_ok=True)


def write_secret(path: Path, text: str) -> None:
    """Writes a file that only its owner can read, aside and then renamed."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
