"""Reads samples of a fleet out of its days."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from aiops.domain.panel import Aggregation
from aiops.domain.series import FloatArray, IntArray
from aiops.domain.step import HOUR
from aiops.store.embedded.days import DAY_MS, HOUR_MS, Source
from aiops.store.embedded.placing import Cells
from aiops.store.grid import MS, Columns, Grid

_DENSE = 4
"""Rows are read as one range of ids when it is at most this many times the ids asked for."""


_SLICE = 1 << 20
"""So many cells of an open day are read at once: a few queries, and their buffers stay small."""

_BATCH = 1 << 20
"""Rows of a streamed batch; smaller ones spend more on locks than they save."""


def is_dense(ids: IntArray) -> bool:
    """Whether one range of ids is a good way to read them, each of which stands there once."""
    span = int(ids.max()) - int(ids.min()) + 1
    return span <= _DENSE * len(ids) and len(np.unique(ids)) == len(ids)


def within(source: Source, start: int, end: int) -> str:
    """Returns the condition on ``t`` for ``[start, end)`` in ms."""
    low, high = max(start - source.base, 0), min(end - source.base, DAY_MS)
    if low == 0 and high == DAY_MS:
        return "true"
    return f"t >= {low} AND t < {high}"


def fill_last(cursor: Any, sources: Iterable[Source], grid: Grid, ids: IntArray) -> FloatArray:
    """Reads the newest value of each cell of distinct ids in ordered days.

    A day's samples are placed as they come, so that what is held beside the matrix does not grow
    with the number of days.

    Args:
        grid: Its step divides a day.
    """
    wanted = {"series": ids.astype(np.int32)}  # noqa: F841  # DuckDB finds it by its name
    start, step, done = grid.start // MS, grid.step // MS, 0
    dense = is_dense(ids)
    chosen = f"series BETWEEN {int(ids.min())} AND {int(ids.max())}"
    if not dense:
        chosen += " AND series IN (SELECT series FROM wanted)"
    cells = Cells(ids, grid)
    for source in sources:
        first = max((source.base - start) // step, 0)
        last = min((source.base + DAY_MS - start) // step, grid.cells)
        cells.leave_empty(done, first)
        done = last
        [(part, _)] = source.parts
        edges = [first, last]
        if dense and source.table:
            fetched = (last - first) * (int(ids.max()) - int(ids.min()) + 1)
            edges = np.linspace(
                first, last, max(2, 1 + round(fetched / _SLICE)), dtype=int
            ).tolist()
        for begin, end in itertools.pairwise(edges):
            during = within(source, start + begin * step, start + end * step)
            found = cursor.sql(
                f"SELECT series, t, value FROM {part} WHERE {chosen} AND {during}"  # noqa: S608  # numbers and our own names only
            )
            if not dense:  # a join keeps no order
                _place_any(cells, source, begin, end, found)
            elif source.table:
                _place_open(cells, source, begin, end, found)
            else:
                _place_closed(cells, source, begin, end, found)
    cells.leave_empty(done, grid.cells)
    return cells.matrix


def _place_any(cells: Cells, source: Source, first: int, last: int, found: Any) -> None:
    cells.leave_empty(first, last)
    newest = np.full((len(cells.matrix), last - first), -1, np.int32)
    for columns in _columns(found.to_arrow_table().to_batches()):
        cells.put_any(source.base, columns, newest, first)


def _place_open(cells: Cells, source: Source, first: int, last: int, found: Any) -> None:
    cells.begin_columns(first, last)
    # A short stream waits more than it saves; an Arrow table costs half of fetchnumpy.
    for columns in _columns(found.to_arrow_table().to_batches()):
        cells.put_columns(first, source.base, columns)
    cells.end_columns(first, last)


def _place_closed(cells: Cells, source: Source, first: int, last: int, found: Any) -> None:
    cells.leave_empty(first, last)
    # Streamed, so that what was decoded is placed while it is in cache.
    for columns in _columns(_stream(found)):
        cells.put_rows(source.base, columns)


def _columns(batches: Iterable[Any]) -> Iterator[tuple[NDArray[Any], ...]]:
    for batch in batches:
        # to_numpy() of pyarrow imports pandas: 42 MB that the daemon does not need.
        yield tuple(np.from_dlpack(column) for column in batch.columns)


def _stream(relation: Any) -> Iterator[Any]:
    batches = relation.to_arrow_reader(_BATCH)
    try:
        yield from batches
    except (OSError, ValueError) as error:
        # What the engine says inside a stream, pyarrow raises as an error of its own.
        raise duckdb.IOException(str(error)) from error
    finally:
        batches.close()


def read_columns(
    cursor: Any, sources: Sequence[Source], ids: IntArray, start: int, end: int
) -> Columns:
    """Reads the samples of ``[start, end)`` (ms), rows counted in sorted distinct ids."""
    wanted = {"series": ids.astype(np.int32)}
    low, high = int(ids[0]), int(ids[-1])
    dense = is_dense(ids)
    chosen = f"series BETWEEN {low} AND {high}"
    if not dense:
        chosen += " AND series IN (SELECT series FROM wanted)"
    ordered = dense and all(source.ordered for source in sources)
    rows: list[NDArray[Any]] = []
    times: list[IntArray] = []
    values: list[FloatArray] = []
    for source in sources:
        for part, order in source.parts:
            sort = "" if ordered or order == "-1" else f"ORDER BY {order}"
            found = cursor.execute(
                f"SELECT series, t, value FROM {part} "  # noqa: S608  # numbers and our own names only
                f"WHERE {within(source, start, end)} AND {chosen} {sort}"
            ).fetchnumpy()
            rows.append(_rows_of(ids, wanted["series"], found["series"]))
            times.append(found["t"].astype(np.int64) + source.base)
            values.append(found["value"])
    if not rows:
        nothing = np.empty(0, np.int64)
        return Columns(nothing, nothing, np.empty(0))
    row, time, value = np.concatenate(rows), np.concatenate(times), np.concatenate(values)
    if len(ids) != high - low + 1:
        known = row >= 0
        row, time, value = row[known], time[known], value[known]
    if not ordered:
        return Columns.arrange(row, time, value)
    narrow = row.astype(np.uint16) if len(ids) < 2**16 else row  # sorted by radix
    by_row = np.argsort(narrow, kind="stable")
    return Columns(row[by_row], time[by_row], value[by_row])


def fill_hourly(
    cursor: Any,
    sources: Sequence[tuple[int, Source | None]],
    grid: Grid,
    ids: IntArray,
    aggregation: Aggregation,
) -> FloatArray:
    """Aggregates cells of whole hours, from roll-ups where a day has no source to be read.

    Args:
        sources: Every day of the grid, with the source to read it from, or None when its
            roll-up holds all there is to know.
        ids: Sorted and distinct.
    """
    wanted = {"series": ids.astype(np.int32)}
    start, end, width = grid.start // HOUR, grid.end // HOUR, grid.step // HOUR
    runs: list[list[int]] = []
    for day, source in sources:
        if source is None:
            if runs and runs[-1][1] == day:
                runs[-1][1] = day + 1
            else:
                runs.append([day, day + 1])
    hourly = [
        f"SELECT series, h, n, mean, lo, hi FROM hourly WHERE h >= {max(first * 24, start)} "  # noqa: S608  # numbers only
        f"AND h < {min(last * 24, end)}"
        for first, last in runs
    ]
    raw = [
        f"SELECT series, {source.day * 24} + t // {HOUR_MS} AS h, count(*) AS n, "  # noqa: S608  # numbers and our own names only
        "avg(value) AS mean, min(value) AS lo, max(value) AS hi FROM "
        f"({source.unique(within(source, grid.start // MS, grid.end // MS))}) GROUP BY 1, 2"
        for _, source in sources
        if source is not None
    ]
    matrix = np.full((len(ids), grid.cells), np.nan)
    if not hourly and not raw:
        return matrix
    what = {
        Aggregation.MEAN: "sum(mean * n) / sum(n)",
        Aggregation.MIN: "min(lo)",
        Aggregation.MAX: "max(hi)",
        Aggregation.COUNT: "sum(n)::DOUBLE",
    }[aggregation]
    found = cursor.execute(
        f"SELECT series, ((h - {start}) // {width})::INTEGER AS cell, {what} AS value "  # noqa: S608  # numbers and our own names only
        f"FROM ({' UNION ALL '.join(hourly + raw)}) "
        "WHERE series IN (SELECT series FROM wanted) GROUP BY 1, 2"
    ).fetchnumpy()
    matrix[np.searchsorted(wanted["series"], found["series"]), found["cell"]] = found["value"]
    return matrix


def read_latest(cursor: Any, source: Source, ids: IntArray) -> tuple[NDArray[Any], ...]:
    """Returns series, time in ms and value of the newest sample in one day."""
    wanted = {"series": ids.astype(np.int32)}
    low, high = int(wanted["series"].min()), int(wanted["series"].max())
    chosen = f"series BETWEEN {low} AND {high} AND series IN (SELECT series FROM wanted)"  # noqa: S608  # numbers and our own names only
    found = cursor.execute(
        f"SELECT series, max(t) AS t, max_by(value, t) AS value FROM ({source.unique(chosen)}) "  # noqa: S608  # numbers and our own names only
        "GROUP BY series"
    ).fetchnumpy()
    return found["series"], found["t"].astype(np.int64) + source.base, found["value"]


def read_earliest(cursor: Any, source: Source, ids: IntArray) -> tuple[NDArray[Any], ...]:
    """Returns series and time in ms of the oldest sample in one day."""
    wanted = {"series": ids.astype(np.int32)}
    low, high = int(wanted["series"].min()), int(wanted["series"].max())
    chosen = f"series BETWEEN {low} AND {high} AND series IN (SELECT series FROM wanted)"  # noqa: S608  # numbers and our own names only
    parts = " UNION ALL ".join(
        f"SELECT series, t FROM {part} WHERE {chosen}"  # noqa: S608  # numbers and our own names only
        for part, _ in source.parts
    )
    found = cursor.execute(
        f"SELECT series, min(t) AS t FROM ({parts}) GROUP BY series"  # noqa: S608  # numbers and our own names only
    ).fetchnumpy()
    return found["series"], found["t"].astype(np.int64) + source.base


def _rows_of(
    ids: IntArray, wanted: NDArray[np.int32], series: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Returns the row of each sample, -1 for series nobody asked for."""
    low, span = int(ids[0]), int(ids[-1]) - int(ids[0]) + 1
    if span == len(ids):
        return series - np.int32(low)
    if span > _DENSE * len(ids):
        return np.searchsorted(wanted, series).astype(np.int32)
    table = np.full(span, -1, np.int32)
    table[wanted - low] = np.arange(len(ids), dtype=np.int32)
    return table[series - low]
