"""A folder into which finished Parquet files are put, and one file that is replaced."""

import os
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aiops.contracts.errors import Unreachable
from aiops.testing.collector import check_collector
from collectors.file import PLUGIN
from collectors.file.settings import FileSettings

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_ORDER = iter(range(1_000_000))


def put(path, *values, groups=1_000, **columns):
    """Writes a file as a program that then puts it into its place."""
    told = {
        "time": [NOW - timedelta(seconds=n) for n in range(len(values))],
        "asset": ["press"] * len(values),
        "metric": ["force"] * len(values),
        "value": list(values),
        **columns,
    }
    pq.write_table(pa.table(told), path, row_group_size=groups)
    stamp = 1_700_000_000 + next(_ORDER)
    os.utime(path, (stamp, stamp))


def make(path, **more):
    return PLUGIN.create(FileSettings(str(path), **more))


def read(source, cursor=None):
    collection = source.collect(cursor or {}, NOW, timedelta(seconds=60))
    return collection, collection.batch.values.tolist()


def test_files_are_read_once_each_in_the_order_in_which_they_were_finished(tmp_path):
    put(tmp_path / "b.parquet", 1.0, 2.0)
    put(tmp_path / "a.parquet", 3.0)
    (tmp_path / "notes.txt").write_text("x")
    source = make(tmp_path)
    first, found = read(source)
    assert found == [1, 2, 3]
    assert first.batch.times[0] == int(NOW.timestamp()) * 10**9
    again, none = read(source, first.cursor)
    assert none == []
    put(tmp_path / "0.parquet", 4.0)
    assert read(make(tmp_path), again.cursor)[1] == [4]  # after a restart


def test_row_groups_are_read_piece_by_piece_and_none_is_lost(tmp_path):
    put(tmp_path / "a.parquet", *map(float, range(1_000)), groups=100)
    put(tmp_path / "b.parquet", -1.0)
    source = make(tmp_path, max_bytes=6_000)
    found, cursor, pieces = [], {}, 0
    while True:
        collection, values = read(source, cursor)
        if not values:
            break
        found += values
        cursor, pieces = collection.cursor, pieces + 1
    assert found == [*map(float, range(1_000)), -1.0]
    assert pieces > 2


def test_a_file_that_was_replaced_is_read_anew(tmp_path):
    path = tmp_path / "a.parquet"
    put(path, 1.0)
    source = make(path)
    first, found = read(source)
    assert found == [1]
    put(path, 1.0, 2.0)
    assert read(source, first.cursor)[1] == [1, 2]


def test_a_file_that_is_not_finished_costs_no_other_and_is_read_when_it_is(tmp_path):
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR1 half a file")
    os.utime(bad, (1, 1))
    put(tmp_path / "good.parquet", 1.0)
    source = make(tmp_path)
    first, found = read(source)
    assert found == [1]
    assert first.dropped == {"file": 1}
    assert read(source, first.cursor)[0].dropped == {}
    put(bad, 2.0)
    assert read(source, first.cursor)[1] == [2]


def test_columns_are_those_of_csv_whatever_their_types(tmp_path):
    frame = pd.DataFrame(
        {
            "time": pd.to_datetime(["2026-11-24 11:00:00", None, "2026-11-24 11:02:00"]),
            "asset": ["a", "b", "c"],
            "speed": [1.5, 2.5, float("nan")],
            "on": [True, False, True],
            "note": ["x", "y", None],
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    collection, found = read(make(tmp_path, time_zone="Europe/Berlin"))
    batch = collection.batch
    texts = [batch.series[row].text for row in batch.rows]
    assert dict(zip(texts, found, strict=True)) == {"a speed": 1.5, "a on": 1, "c on": 1}
    assert collection.dropped == {"no_time": 1, "parse": 1}
    at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert batch.times[0] == int(at.timestamp()) * 10**9


@pytest.mark.parametrize(
    ("columns", "kind"), [({"when": "time"}, "header"), ({"thing": "asset"}, "header")]
)
def test_a_file_without_the_columns_is_told(tmp_path, columns, kind):
    put(tmp_path / "a.parquet", 1.0)
    (own,) = columns.values()
    with pytest.raises(Unreachable) as raised:
        read(make(tmp_path, **{own: next(iter(columns))}))
    assert raised.value.kind == kind


def test_what_is_nothing_to_be_read_is_told(tmp_path):
    with pytest.raises(Unreachable, match="there is no regular file"):
        read(make(tmp_path))
    with pytest.raises(Unreachable, match="No such file"):
        read(make(tmp_path / "none.parquet"))
    os.mkfifo(tmp_path / "pipe.parquet")
    with pytest.raises(Unreachable, match="there is no regular file"):
        read(make(tmp_path / "pipe.parquet"))
    (tmp_path / "half.parquet").write_bytes(b"PAR1")
    with pytest.raises(Unreachable, match="no finished Parquet file"):
        read(make(tmp_path))
    put(tmp_path / "half.parquet", *map(float, range(1_000)))
    with pytest.raises(Unreachable, match="longer than max_bytes"):
        read(make(tmp_path, max_bytes=100))


def test_it_keeps_the_contract(tmp_path):
    put(tmp_path / "a.parquet", 1.0, 2.0)
    check_collector(lambda: make(tmp_path), now=NOW, dead=lambda: make(tmp_path / "none"))
