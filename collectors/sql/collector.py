"""The sql collector: rows since the cursor become samples."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from aiops.contracts.book import SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset
from aiops.domain.metric import Metric
from aiops.domain.series import SeriesKey
from collectors.sql.settings import SqlSettings

_NEEDED: Final = ("time", "asset", "metric", "value")
_SINCE: Final = "since"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A number of this size or more counts milliseconds: in seconds it lies beyond the year 5000.
_MILLISECONDS_FROM: Final = 1e11


class SqlCollector:
    """Reads from one database; may block, so it lives in a worker."""

    def __init__(self, settings: SqlSettings) -> None:
        try:
            url = make_url(settings.database)
        except ArgumentError as error:
            raise ConfigError([f"database: not an SQLAlchemy URL: {error}"]) from error
        if url.password is not None:
            raise ConfigError(["database: put the password into `password`, not into the URL"])
        if not settings.query.lstrip().lower().startswith(("select", "with")):
            raise ConfigError(["query: expected a SELECT; this collector only reads"])
        if settings.password:
            url = url.set(password=settings.password.reveal())
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone)
        self._units = dict(_split_unit(unit) for unit in settings.units)
        self._url = url
        self._engine: Engine | None = None
        self._book = SeriesBook()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Runs the query once.

        Raises:
            Unreachable: The database did not answer, or the query does not return what it must.
        """
        del deadline  # the worker that runs this is killed at it
        settings = self._settings
        told = cursor.get(_SINCE)
        since = datetime.fromisoformat(told) if told else until - settings.history
        bounds = {"since": since - (settings.overlap if told else timedelta(0)), "until": until}
        rows = self._rows({k: self._as_stored(v) for k, v in bounds.items()})
        found, dropped = self._samples(rows)
        newest = max((time for _, time, _ in found), default=0)
        reached = max(since, _EPOCH + timedelta(microseconds=newest // 1000))
        batch = self._book.batch(*map(list, zip(*found, strict=True))) if found else None
        return Collection(
            batch or self._book.batch([], [], []), {_SINCE: reached.isoformat()}, dropped
        )

    def discover(self) -> Inventory:
        """Returns what the rows spoke of."""
        return self._book.inventory()

    def close(self) -> None:
        """Closes the connection."""
        if self._engine is not None:
            self._engine.dispose()

    def _rows(self, bounds: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        statement = text(self._settings.query)
        wanted = statement.compile().params.keys()
        file = self._url.database if self._url.get_backend_name() == "sqlite" else None
        if file and not file.startswith(("file:", ":memory:")) and not Path(file).exists():
            # SQLite itself would make an empty one.
            raise Unreachable(f"{file}: there is no such database file", "database")
        try:
            with self._connected().connect() as connection:
                result = connection.execute(
                    statement, {name: bounds[name] for name in wanted if name in bounds}
                )
                names = [name.lower() for name in result.keys()]  # noqa: SIM118  # no mapping
                missing = [name for name in _NEEDED if name not in names]
                if missing:
                    words = f"the query returns no column {', '.join(missing)}; name it with AS"
                    raise Unreachable(words, "columns")
                rows = result.fetchmany(self._settings.max_rows)
                connection.rollback()
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error)
            place = self._url.render_as_string(hide_password=True)
            raise Unreachable(f"{place}: {reason[:300]}", "database") from error
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _samples(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[tuple[int, int, float]], Counter[str]]:
        found: list[tuple[int, int, float]] = []
        dropped: Counter[str] = Counter()
        for row in rows:
            try:
                time, value = self._time(row["time"]), float(row["value"])
            except (TypeError, ValueError, OverflowError):
                dropped["parse"] += 1
                continue
            if not math.isfinite(value):
                dropped["non_finite"] += 1
                continue
            asset, metric = str(row["asset"] or ""), str(row["metric"] or "")
            if not asset or not metric:
                dropped["labels"] += 1
                continue
            found.append((self._row(asset, metric, row), time, value))
        return found, dropped

    def _row(self, asset: str, metric: str, row: Mapping[str, Any]) -> int:
        labels = {
            name: str(value)
            for name, value in row.items()
            if name not in _NEEDED and value is not None
        }
        declared = Metric(metric, self._units.get(metric, "1"), provisional=True)
        return self._book.row(SeriesKey.of(asset, metric, labels), declared, Asset(asset))

    def _time(self, told: Any) -> int:
        """Returns nanoseconds of a time as databases give it."""
        if isinstance(told, str):
            told = datetime.fromisoformat(told)
        if isinstance(told, datetime):
            aware = told if told.tzinfo else told.replace(tzinfo=self._zone)
            return (aware - _EPOCH) // timedelta(microseconds=1) * 1000
        number = float(told)
        return round(number * (1e3 if abs(number) < _MILLISECONDS_FROM else 1)) * 1_000_000

    def _as_stored(self, at: datetime) -> datetime | str:
        """Returns a bound as the database compares it: SQLite keeps times as text."""
        local = at.astimezone(self._zone).replace(tzinfo=None)
        if self._url.get_backend_name() == "sqlite":
            return local.isoformat(" ")
        return at if self._settings.time_zone == "UTC" else local

    def _connected(self) -> Engine:
        if self._engine is None:
            self._engine = create_engine(self._url, poolclass=NullPool)
            backend = self._url.get_backend_name()
            only = {
                "sqlite": "PRAGMA query_only = ON",
                "postgresql": "SET default_transaction_read_only = on",
                "mysql": "SET SESSION TRANSACTION READ ONLY",
                "mariadb": "SET SESSION TRANSACTION READ ONLY",
            }.get(backend)

            @event.listens_for(self._engine, "connect")
            def read_only(connection: Any, _record: Any) -> None:
                if only is not None:
                    pointer = connection.cursor()
                    pointer.execute(only)
                    pointer.close()
                    connection.commit()

        return self._engine


def _split_unit(text_: str) -> tuple[str, str]:
    metric, equals, unit = text_.partition("=")
    if not metric or not equals or not unit:
        raise ConfigError([f"units: {text_!r}, expected metric=code such as queue.length=1"])
    return metric, unit
