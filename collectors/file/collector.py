"""The file collector: whole new lines since the cursor."""

import csv
import os
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from collectors.file.parquet import SUFFIX, read_parquet
from collectors.file.rows import RowReader
from collectors.file.settings import FileSettings

_MAX_HEADER: Final = 64 << 10


class FileCollector:
    """Follows one file; a network file system may block, so it lives in a worker."""

    def __init__(self, settings: FileSettings) -> None:
        if len(settings.delimiter) != 1:
            raise ConfigError(["delimiter: expected one character"])
        if settings.decimal not in {".", ","} or settings.decimal == settings.delimiter:
            raise ConfigError(["decimal: expected . or , and another character than delimiter"])
        if settings.time_format and "%" not in settings.time_format:
            raise ConfigError(["time_format: expected a form such as %d.%m.%Y %H:%M"])
        try:
            ZoneInfo(settings.time_zone or "UTC")
        except (KeyError, ValueError, OSError) as error:
            raise ConfigError([f"time_zone: no such zone: {settings.time_zone!r}"]) from error
        self._settings = settings
        self._reader = RowReader(settings)

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads the next whole lines; a line being written is left for the next time.

        A file that was replaced (another inode) or cut off is read from its beginning. Parquet
        is read a row group at a time, see :mod:`collectors.file.parquet`.

        Raises:
            Unreachable: There is no such file, or it is not what it should be.
        """
        del until, deadline
        path = self._settings.path
        if path.endswith(SUFFIX) or Path(path).is_dir():
            return read_parquet(self._settings, self._reader, cursor)
        try:
            # Without O_NONBLOCK a pipe would wait for a writer for ever.
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Unreachable(f"{path}: {error.strerror}", "file") from error
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            os.close(handle)
            raise Unreachable(f"{path}: is no regular file", "file")
        with os.fdopen(handle, "rb") as file:
            header, start = self._header(file)
            offset = int(cursor.get("offset", "0"))
            same = cursor.get("inode") == str(about.st_ino) and offset <= about.st_size
            offset = max(offset, start) if same else start
            file.seek(offset)
            text = file.read(self._settings.max_bytes)
        end = text.rfind(b"\n") + 1
        if not end and len(text) == self._settings.max_bytes:
            raise Unreachable(f"{path}: a line is longer than max_bytes", "limit")
        lines = text[:end].decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        found, dropped = self._reader.read(header, lines)
        told = {"inode": str(about.st_ino), "offset": str(offset + end)}
        return Collection(self._reader.batch(found), told, dropped)

    def discover(self) -> Inventory:
        """Returns what the lines spoke of."""
        return self._reader.book.inventory()

    def close(self) -> None:
        """Holds no file between two collections."""

    def _header(self, file: BinaryIO) -> tuple[list[str], int]:
        path = Path(self._settings.path)
        line = file.readline(_MAX_HEADER)
        if not line.endswith(b"\n"):
            raise Unreachable(f"{path}: has no header line yet", "header")
        try:
            text = line.decode("utf-8-sig").rstrip("\r\n")
            (header,) = csv.reader([text], delimiter=self._settings.delimiter, strict=True)
        except (UnicodeDecodeError, csv.Error, ValueError) as error:
            words = f"{path}: the header cannot be read; expected UTF-8 text"
            raise Unreachable(words, "header") from error
        names = [name.strip() for name in header]
        problem = self._reader.problem(names)
        if problem:
            raise Unreachable(f"{path}: {problem}", "header")
        return names, len(line)
