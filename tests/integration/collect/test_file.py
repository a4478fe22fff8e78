"""A real file that grows, is cut off, is replaced, or is none."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.testing.collector import check_collector
from collectors.file import PLUGIN
from collectors.file.settings import FileSettings

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HEAD = "time,asset,metric,value\n"


def line(value, at=NOW, asset="press", metric="force"):
    return f"{at.isoformat()},{asset},{metric},{value}\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bench.csv"


def make(path, **more):
    return PLUGIN.create(FileSettings(str(path), **more))


def read(source, cursor=None):
    collection = source.collect(cursor or {}, NOW, timedelta(seconds=60))
    return collection, collection.batch.values.tolist()


def append(path, text):
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


def test_whole_lines_come_once_and_half_ones_later(path):
    path.write_text(HEAD + line(1) + line(2) + "2026-11-24T12:00:00+00:00,pre")
    source = make(path)
    first, found = read(source)
    assert found == [1, 2]
    again, none = read(source, first.cursor)
    assert none == []
    append(path, "ss,force,3\r\n")
    assert read(source, again.cursor)[1] == [3]
    assert read(make(path), first.cursor)[1] == [3]  # after a restart


def test_a_file_that_is_cut_off_or_replaced_is_read_from_its_beginning(path):
    path.write_text(HEAD + line(1) + line(2))
    source = make(path)
    first, _ = read(source)
    path.write_text(HEAD + line(5))
    cut, found = read(source, first.cursor)
    assert found == [5]
    other = path.with_suffix(".new")
    other.write_text(HEAD + line(7) + line(8) + line(9))
    other.replace(path)
    assert read(source, cut.cursor)[1] == [7, 8, 9]


def test_a_large_file_comes_in_pieces(path):
    path.write_text(HEAD + "".join(line(n) for n in range(100)))
    source = make(path, max_bytes=1000)
    cursor, seen = {}, []
    for _ in range(20):
        collection, found = read(source, cursor)
        cursor = collection.cursor
        seen += found
    assert seen == list(range(100))
    with pytest.raises(Unreachable) as raised:
        read(make(path, max_bytes=5))
    assert raised.value.kind == "limit"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("x\n", "parse"),
        (line("1,5"), "parse"),
        (line("1_000"), "parse"),
        (line("∞"), "parse"),
        (line("1e999"), "parse"),
        ('"open,press,force,1\n', "parse"),
        ("2026-11-24T12:00:00,press,force,1\n", "no_time"),
        ("02/03/2026,press,force,1\n", "no_time"),
        ("-5,press,force,1\n", "no_time"),
        (line(1, asset=""), "labels"),
    ],
)
def test_a_bad_line_costs_no_other(path, bad, reason):
    path.write_text(HEAD + bad + line(1), encoding="utf-8")
    collection, found = read(make(path))
    assert (found, collection.dropped) == ([1], {reason: 1})


def test_a_byte_order_mark_missing_values_and_columns_as_metrics(path):
    path.write_bytes("\ufefftime;a;b\r\n1795521600;1;N/A\r\n1795521600000;;2\r\n".encode())
    collection, found = read(make(path, delimiter=";", own_asset="press"))
    assert found == [1, 2]
    assert not collection.dropped
    assert [key.text for key in collection.batch.series] == ["press a", "press b"]
    assert set(collection.batch.times.tolist()) == {1795521600 * 10**9}


def test_decimal_commas_and_day_first_are_read_where_they_are_stated(path):
    rows = "24.11.2026 10:00;press;41,5\n31.02.2026 10:00;press;1\n24.11.2026 10:01;press;1.000,5\n"
    path.write_text("Zeit;asset;temp\n" + rows)
    told = {"delimiter": ";", "decimal": ",", "time_format": "%d.%m.%Y %H:%M", "time": "Zeit"}
    collection, found = read(make(path, time_zone="Europe/Berlin", **told))
    assert (found, collection.dropped) == ([41.5], {"no_time": 1, "parse": 1})
    assert collection.batch.times[0] == datetime(2026, 11, 24, 9, tzinfo=UTC).timestamp() * 1e9


def test_hours_that_occur_twice_or_never_are_no_times(path):
    rows = ("2026-10-25T02:30:00", "2026-03-29T02:30:00", "2026-07-01T12:00:00")
    path.write_text(HEAD + "".join(f"{at},press,force,1\n" for at in rows))
    collection, found = read(make(path, time_zone="Europe/Berlin"))
    assert (found, collection.dropped) == ([1], {"no_time": 2})
    assert collection.batch.times[0] == datetime(2026, 7, 1, 10, tzinfo=UTC).timestamp() * 1e9


def test_pipes_directories_and_headers_that_do_not_fit_are_told(path, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    other = tmp_path / "other.csv"
    other.write_text("when,asset,metric,value\n")
    utf16 = tmp_path / "utf16.csv"
    utf16.write_bytes(HEAD.encode("utf-16"))
    kinds = []
    for place in (path, tmp_path / "pipe", tmp_path, empty, other, utf16):
        with pytest.raises(Unreachable) as raised:
            read(make(place))
        kinds.append(raised.value.kind)
    assert kinds == ["file", "file", "file", "header", "header", "header"]


def test_settings_that_can_never_work_are_refused_at_once(path):
    for wrong in (
        {"delimiter": ";;"},
        {"decimal": ","},
        {"time_format": "dd.mm"},
        {"time_zone": "Mars/Base"},
    ):
        with pytest.raises(ConfigError):
            make(path, **wrong)


def test_it_keeps_the_contract(path):
    path.write_text(HEAD + line(1))
    check_collector(lambda: make(path), now=NOW, dead=lambda: make(path.parent / "nowhere"))
