"""Tables of the workbench: CSV, gzipped CSV and Parquet, from files or standard streams."""

import gzip
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiops.contracts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_MOST_BYTES: Final = 8 << 30
"""A gzip bomb ends here."""


def read_table(source: str | Path, text: Sequence[str] = ()) -> "pd.DataFrame":
    """Returns the table of a file, ``-`` for standard input.

    Args:
        source: Path ending in ``.csv``, ``.csv.gz`` or ``.parquet``; anything else is CSV.
        text: Columns to be kept as they are written.

    Raises:
        InputError: The file cannot be read, or is not what its name says; names the row.
    """
    import pandas as pd

    name = str(source)
    try:
        if name != "-" and not Path(name).is_file():
            what = "is not a regular file" if Path(name).exists() else "does not exist"
            raise InputError([f"{name}: {what}"])
        if name.endswith(".parquet"):
            return pd.read_parquet(name)
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = _expand(name, data)
        if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            raise InputError([f"{name}: is UTF-16; save it as UTF-8"])
        return pd.read_csv(
            io.BytesIO(data), dtype=dict.fromkeys(text, str), encoding="utf-8-sig", engine="c"
        )
    except InputError:
        raise
    except pd.errors.EmptyDataError as error:
        raise InputError([f"{name}: is empty; a header row is expected"]) from error
    except UnicodeDecodeError as error:
        raise InputError([f"{name}: byte {error.start}: is not UTF-8"]) from error
    except (pd.errors.ParserError, OSError, ValueError, EOFError) as error:
        raise InputError([f"{name}: {' '.join(str(error).split())}"]) from error


def write_table(table: "pd.DataFrame", out: str | Path) -> None:
    """Writes a table aside and renames it, so that a failure leaves nothing.

    Numbers keep at least nine digits. ``-`` writes CSV to standard output.

    Raises:
        InputError: The place cannot be written.
    """
    name = str(out)
    if name == "-":
        table.to_csv(sys.stdout, index=False)
        return
    if name.endswith(".parquet"):
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False)
        data = buffer.getvalue()
    else:
        data = table.to_csv(index=False).encode()
        if name.endswith(".gz"):
            data = gzip.compress(data, mtime=0)
    write_bytes(data, name)


def write_bytes(data: bytes, out: str | Path) -> None:
    """Writes a file aside and renames it; ``-`` is standard output.

    Raises:
        InputError: The place cannot be written.
    """
    if str(out) == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(out)
    aside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(aside).chmod(0o644)
        Path(aside).rename(path)
    except OSError as error:
        if aside is not None:
            Path(aside).unlink(missing_ok=True)
        raise InputError([f"{out}: cannot be written: {error.strerror}"]) from error


def _expand(name: str, data: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        expanded = file.read(_MOST_BYTES + 1)
    if len(expanded) > _MOST_BYTES:
        raise InputError([f"{name}: expands to more than {_MOST_BYTES >> 30} GiB"])
    return expanded
