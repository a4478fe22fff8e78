"""Tables of the workbench: CSV, gzipped CSV and Parquet, ``-`` for the standard streams.

Cells of CSV stay text as typed, so that times and names come out verbatim; Parquet keeps
its types. What is written appears whole or not at all (temporary name, then rename).
"""

import csv
import gzip
import io
import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from errno import EISDIR
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pandas as pd

from aiops.contracts.errors import InputError
from aiops.domain.series import FloatArray, IntArray

SUFFIXES: Final = (".csv", ".csv.gz", ".parquet")
MOST_PROBLEMS: Final = 20
"""Lines of problems printed for one file."""

_MAX_CELL: Final = 64 << 10
_UNFOLDED: Final = 1 << 30
_MAX_RATIO: Final = 100
"""Gzip shrinks numbers in text five to twenty times; beyond both bounds a file is a bomb."""

_NOT_A_NUMBER: Final = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})
"""Words in use for a missing value; they are read as missing, anything else is a problem."""


def read_table(source: str) -> pd.DataFrame:
    """Returns a table; columns of CSV are text.

    Raises:
        InputError: The file is missing, has another format, is damaged or has two columns
            of one name.
    """
    name = "standard input" if source == "-" else source
    if source != "-" and Path(source).exists() and not Path(source).is_file():
        raise InputError([f"{name}: is no file; name a table"])
    try:
        if source.endswith(".parquet"):
            frame = pd.read_parquet(source)
        elif source == "-" or source.endswith((".csv", ".csv.gz")):
            frame = _read_csv(source)
        else:
            raise InputError([f"{name}: not a table; write a file named {', '.join(SUFFIXES)}"])
    except FileNotFoundError as error:
        raise InputError([f"{name}: there is no such file"]) from error
    except UnicodeDecodeError as error:
        raise InputError([f"{name}: byte {error.start} is not UTF-8; save it as UTF-8"]) from error
    except pd.errors.EmptyDataError as error:
        raise InputError([f"{name}: is empty; a header row is needed"]) from error
    except pd.errors.ParserError as error:
        raise InputError([f"{name}: {_say_damage(str(error))}"]) from error
    except (OSError, ValueError, EOFError) as error:
        why = " ".join(str(error).split())
        raise InputError([f"{name}: cannot be read ({why})"]) from error
    names = [str(column) for column in frame.columns]
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise InputError([f"{name}: column {column!r} stands there twice" for column in twice])
    frame.columns = pd.Index(names)
    return frame


def write_table(frame: pd.DataFrame, out: str) -> None:
    """Writes a table beside its name, then renames it; numbers keep all their digits.

    Raises:
        InputError: The name says no known format, or the directory cannot be written.
    """
    write_tables([(frame, out)])


def write_tables(tables: Sequence[tuple[pd.DataFrame, str]]) -> None:
    """Writes several tables, all of them or none; ``-`` is standard output.

    Raises:
        InputError: A name says no known format or stands twice, or a directory cannot be
            written.
    """
    outs = [out for _, out in tables]
    problems = [
        f"{out}: cannot be written; name it {', '.join(SUFFIXES)}"
        for out in outs
        if out != "-" and not out.endswith(SUFFIXES)
    ]
    problems += [
        f"{out}: is named for two tables" for out in dict.fromkeys(outs) if outs.count(out) > 1
    ]
    if problems:
        raise InputError(problems)
    asides: list[tuple[Path, Path]] = []
    try:
        for frame, out in tables:
            if out != "-":
                path = Path(out)
                asides.append((path.with_name(f".{path.name}.part"), path))
                _write_aside(frame, *asides[-1])
        for aside, path in asides:
            aside.rename(path)
    except OSError as error:
        for aside, _ in asides:
            aside.unlink(missing_ok=True)
        raise InputError([f"{out}: cannot be written ({error.strerror})"]) from error
    for frame, out in tables:
        if out == "-":
            _as_text(frame).to_csv(sys.stdout, index=False)


def _write_aside(frame: pd.DataFrame, aside: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(EISDIR, "it is a directory")
    if path.name.endswith(".parquet"):
        frame.to_parquet(aside, index=False)
    else:
        how = {"method": "gzip", "mtime": 0} if path.name.endswith(".gz") else None
        _as_text(frame).to_csv(aside, index=False, compression=how)


def write_bytes(data: bytes, out: str) -> None:
    """Writes a file beside its name, then renames it; ``-`` is standard output.

    Raises:
        InputError: The directory cannot be written.
    """
    if out == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(out)
    aside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(data)
        aside.rename(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise InputError([f"{out}: cannot be written ({error.strerror})"]) from error


def read_times(source: str, column: "pd.Series[Any]") -> tuple[IntArray, bool]:
    """Returns times as int64 and whether they are plain steps (else ns since the epoch, UTC).

    Raises:
        InputError: A cell is neither; each is named with its row in the file.
    """
    if pd.api.types.is_integer_dtype(column):
        return column.to_numpy(dtype=np.int64), True
    if isinstance(column.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(column):
        stamps = pd.to_datetime(column, utc=True)
    else:
        text = column.astype(str).str.strip()
        if len(text) and text.str.fullmatch(r"[+-]?\d{1,18}").all():
            return text.astype(np.int64).to_numpy(), True
        stamps = pd.to_datetime(text, utc=True, errors="coerce", format="ISO8601")
        steps = text.str.fullmatch(r"[+-]?\d{1,18}").to_numpy(dtype=bool)
        if steps.sum() * 2 > len(text):
            raise InputError(
                [
                    f"{source}: row {row + 2}, column {column.name}: {column.iloc[row]!r} is no "
                    "integer, and the other rows are; write all times alike"
                    for row in np.flatnonzero(~steps)[:MOST_PROBLEMS].tolist()
                ]
            )
    wrong = np.flatnonzero(stamps.isna())
    if len(wrong):
        raise InputError(
            [
                f"{source}: row {row + 2}, column {column.name}: {column.iloc[row]!r} is no "
                "ISO 8601 time; write 2026-01-31T12:00:00Z, or integers in every row"
                for row in wrong[:MOST_PROBLEMS].tolist()
            ]
        )
    return stamps.to_numpy(dtype="datetime64[ns]").astype(np.int64), False


def read_numbers(source: str, column: "pd.Series[Any]") -> FloatArray:
    """Returns numbers, NaN where a cell is empty; infinities stay.

    Raises:
        InputError: A cell is no number; each is named with its row in the file.
    """
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    found = pd.to_numeric(column, errors="coerce")
    numbers: FloatArray = np.asarray(found.to_numpy(dtype=np.float64, na_value=np.nan))
    problems = []
    for row in np.flatnonzero(np.isnan(numbers)).tolist():
        cell = column.iloc[row]
        if cell is None or str(cell).strip().lower() in _NOT_A_NUMBER:
            continue
        problems.append(
            f"{source}: row {row + 2}, column {column.name}: {cell!r} is no number; "
            "leave the cell empty where there is none"
        )
        if len(problems) == MOST_PROBLEMS:
            break
    if problems:
        raise InputError(problems)
    return numbers


def _read_csv(source: str) -> pd.DataFrame:
    text: Any = source
    raw: Any = None
    with ExitStack() as opened:
        if source == "-":
            raw = io.BytesIO(sys.stdin.buffer.read())
            text = io.StringIO(raw.getvalue().decode("utf-8-sig"))
        elif source.endswith(".gz"):
            text = opened.enter_context(_Bounded(source))
        frame = pd.read_csv(
            text,
            dtype=str,
            na_filter=False,
            encoding="utf-8-sig",
            header=None,
            quoting=csv.QUOTE_MINIMAL,
            index_col=False,
        )
        if source.endswith(".gz"):
            raw = opened.enter_context(_Bounded(source))
        elif source != "-":
            raw = opened.enter_context(Path(source).open("rb"))
        if row := _row_of_nul(raw):  # some parsers end a cell there, and lose the rest of it
            raise ValueError(f"row {row}: a cell holds the character NUL")
    head = frame.iloc[0]
    if len(head) == 1 and ";" in str(head.iloc[0]):
        raise ValueError("its columns are separated by ';'; write commas and decimal points")
    for column in range(frame.shape[1]):
        lengths = frame.iloc[:, column].str.len()
        if lengths.max() > _MAX_CELL:
            row = int(lengths.argmax())
            raise ValueError(f"row {row + 1}: a cell has {int(lengths[row])} characters")
    frame = frame.iloc[1:].reset_index(drop=True)
    frame.columns = pd.Index([str(name) for name in head])
    return frame


def _row_of_nul(raw: BinaryIO) -> int:
    """Returns the row (the header is 1) of the first NUL, 0 where there is none."""
    rows = 1
    while part := raw.read(1 << 20):
        at = part.find(b"\0")
        if at >= 0:
            return rows + part.count(b"\n", 0, at)
        rows += part.count(b"\n")
    return 0


class _Bounded(gzip.GzipFile):
    """A compressed file that is no bomb."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._most = max(_UNFOLDED, _MAX_RATIO * Path(path).stat().st_size)
        self._given = 0

    def read(self, size: int | None = -1) -> bytes:
        """Reads on."""
        return self._counted(super().read(size))

    def read1(self, size: int = -1) -> bytes:
        """Reads what is there."""
        return self._counted(super().read1(size))

    def _counted(self, data: bytes) -> bytes:
        self._given += len(data)
        if self._given > self._most:
            raise ValueError(f"it unfolds beyond {self._most} bytes; cut it into parts")
        return data


def _say_damage(message: str) -> str:
    """Returns what a CSV parser says of a damaged file, in words for its writer."""
    quote = re.search(r"EOF inside string starting at row (\d+)", message)
    if quote:
        return f"row {int(quote[1]) + 1}: a quote is opened and never closed"
    cells = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if cells is None:
        return f"cannot be read ({' '.join(message.split())})"
    wanted, row, found = cells.groups()
    return f"row {row}: has {found} cells, the header has {wanted}; quote cells that hold commas"


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the table with times as ISO 8601 in UTC."""
    times = [name for name in frame if pd.api.types.is_datetime64_any_dtype(frame[name])]
    if not times:
        return frame
    frame = frame.copy()
    for name in times:
        stamps = pd.to_datetime(frame[name], utc=True)
        frame[name] = [
            "" if stamp is pd.NaT else stamp.isoformat().replace("+00:00", "Z") for stamp in stamps
        ]
    return frame
