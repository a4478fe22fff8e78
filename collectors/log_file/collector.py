"""The log file collector: counters of lines, of error lines, and of each template of these."""

import json
import re
import socket
from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from aiops.contracts.book import SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset
from aiops.domain.instant import to_ns
from aiops.domain.metric import Direction, Metric, MetricKind
from aiops.domain.series import SeriesKey
from collectors.log_file.follow import Place, find_files, read_new
from collectors.log_file.settings import LogFileSettings
from collectors.log_file.templates import Templates

_COUNTER: Final = MetricKind.COUNTER
LINES: Final = Metric("log.lines", "{event}", _COUNTER, Direction.BOTH)
ERRORS: Final = Metric("log.errors", "{event}", _COUNTER, Direction.UP)
TEMPLATE: Final = Metric("log.errors_by_template", "{event}", _COUNTER, Direction.UP)


class LogFileCollector:
    """Counts grow with the cursor, so a restart neither loses nor repeats a line."""

    def __init__(self, settings: LogFileSettings) -> None:
        try:
            self._match = re.compile(settings.match)
        except re.error as error:
            raise ConfigError([f"match: is no regular expression: {error}"]) from error
        if settings.max_templates < 1 or settings.max_bytes < 1:
            raise ConfigError(["max_templates, max_bytes: must be at least 1"])
        self._settings = settings
        self._asset = Asset(settings.asset or socket.gethostname())
        self._book = SeriesBook()
        self._cursor: Cursor | None = None
        self._templates = Templates(settings.max_templates)

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Counts the lines written since the cursor; at first files are taken up at their end.

        Raises:
            Unreachable: No file is there, or none of them can be read.
        """
        del deadline
        if self._cursor is None or dict(cursor) != dict(self._cursor):
            self._templates = Templates(self._settings.max_templates, cursor.get("templates", ""))
        self._cursor = None  # until this one has ended well
        now = to_ns(until)
        known: dict[str, Place] = {
            path: (inode, offset)
            for path, (inode, offset) in json.loads(cursor.get("files", "{}")).items()
        }
        totals = {name: int(cursor.get(name, "0")) for name in ("lines", "errors")}
        before = set(self._templates.counts)
        places, dropped = self._read(known, totals, from_end="files" not in cursor)
        samples: list[tuple[Metric, tuple[tuple[str, str], ...], int, int]] = []
        samples += [(LINES, (), now, totals["lines"]), (ERRORS, (), now, totals["errors"])]
        then = int(cursor.get("at", "0"))
        for label, count in self._templates.counts.items():
            labels = (("template", label),)
            if label not in before and 0 < then < now:
                # Nothing of it had been seen by then; without that its first burst has no rate.
                samples.append((TEMPLATE, labels, then, 0))
            samples.append((TEMPLATE, labels, now, count))
        rows = [
            self._book.row(SeriesKey(self._asset.key, metric.name, labels), metric, self._asset)
            for metric, labels, _, _ in samples
        ]
        batch = self._book.batch(rows, [at for _, _, at, _ in samples], [n for *_, n in samples])
        told = {
            "files": json.dumps(places),
            "templates": self._templates.told(),
            "at": str(now),
            **{name: str(total) for name, total in totals.items()},
        }
        self._cursor = told
        return Collection(batch, told, dropped)

    def discover(self) -> Inventory:
        """Returns the asset and its metrics."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no file between two collections."""

    def _read(
        self, known: dict[str, Place], totals: dict[str, int], from_end: bool
    ) -> tuple[dict[str, Place], Counter[str]]:
        paths = find_files(self._settings.path)
        if not paths:
            raise Unreachable(f"{self._settings.path}: there is no such file", "file")
        places: dict[str, Place] = {}
        dropped: Counter[str] = Counter()
        problem = ""
        for path in paths:
            try:
                pieces = read_new(path, known, self._settings.max_bytes, from_end)
            except OSError as error:
                problem = f"{path}: {error.strerror}"
                continue
            for piece in pieces:
                totals["lines"] += len(piece.lines)
                for line in piece.lines:
                    if self._match.search(line):
                        totals["errors"] += 1
                        self._templates.add(line)
                if piece.skipped:
                    dropped["too_long"] += piece.skipped
                places[path] = piece.place
        if problem and not places:
            raise Unreachable(problem, "file")
        if problem:
            dropped["unreadable"] += len(paths) - len(places)
        return places, dropped
