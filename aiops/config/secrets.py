"""Secrets: only by reference, never in the file, never in a message."""

import os
import re
import stat
from pathlib import Path
from typing import Final

from aiops.config.values import Wrong
from aiops.contracts.secret import Secret

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST: Final = 64 * 1024
_EXPECTED: Final = "expected env:NAME or file:PATH"


def read_secret(reference: str, directory: Path) -> Secret:
    """Resolves ``env:NAME`` or ``file:PATH`` (relative to the configuration's directory).

    Raises:
        Wrong: It is no reference, or what it names cannot be used; the value is not told.
    """
    kind, separator, target = reference.partition(":")
    if separator and kind == "env":
        return _from_environment(target)
    if separator and kind == "file":
        return _from_file(directory / target)
    variable = re.fullmatch(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?", reference)
    if variable:
        raise Wrong(f"variables are not expanded, expected env:{variable.group(1)}")
    raise Wrong(f"a secret written out, {_EXPECTED} (use env: or file:)")


def _from_environment(name: str) -> Secret:
    if _NAME.fullmatch(name) is None:
        raise Wrong(f"this is no name of an environment variable, {_EXPECTED}")
    value = os.environ.get(name)
    if value is None:
        raise Wrong(f"environment variable {name} is not set, expected the secret in it")
    if not value.strip():
        raise Wrong(f"environment variable {name} is empty, expected the secret in it")
    return Secret(value)


def _from_file(path: Path) -> Secret:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise Wrong(f"{path} is a directory, expected a file with the secret")
        if status.st_mode & 0o077 and not _is_mounted(status):
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            raise Wrong(f"{path} has mode {mode}, expected 0600: chmod 600 it")
        with path.open("rb") as stream:
            raw = stream.read(_LONGEST + 1)
        value = raw.decode().rstrip("\r\n")
    except FileNotFoundError:
        raise Wrong(f"{path} does not exist, expected a file with the secret") from None
    except UnicodeDecodeError:
        raise Wrong(f"{path} is not UTF-8, expected a secret of text") from None
    except OSError as error:
        raise Wrong(f"{path} cannot be read ({error.strerror}), expected a file") from None
    if not value.strip():
        raise Wrong(f"{path} is empty, expected the secret in it")
    if len(raw) > _LONGEST:
        raise Wrong(f"{path} is larger than 64 KiB, expected a secret")
    return Secret(value)


def _is_mounted(status: os.stat_result) -> bool:
    """Whether a container's runtime mounted it: owned by root and written by root only."""
    contained = Path("/.dockerenv").exists() or "KUBERNETES_SERVICE_HOST" in os.environ
    return contained and status.st_uid == 0 and not status.st_mode & 0o022
