"""Samples out of a real PostgreSQL and a SQLite file."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.testing.collector import check_collector
from collectors.sql import PLUGIN
from collectors.sql.settings import SqlSettings
from tests.integration.postgresql import missing, running_postgres

_DEADLINE = timedelta(seconds=60)
_NOW = datetime.now(UTC).replace(microsecond=0)
_QUERY = (
    "SELECT at AS time, machine AS asset, 'queue' AS metric, length AS value, lane FROM queue "
    "WHERE at > :since AND at <= :until ORDER BY at"
)
_ROWS = [(_NOW - timedelta(minutes=m), "press-1", 10.0 - m, "a") for m in range(5)]


@pytest.fixture(scope="module")
def postgres():
    why = missing()
    if why:
        pytest.skip(f"not run: {why}")
    import psycopg

    with running_postgres() as server:
        url = server.new_database("plant")
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE queue (at timestamptz, machine text, length float, lane text)"
            )
            for row in _ROWS:
                connection.execute("INSERT INTO queue VALUES (%s, %s, %s, %s)", row)
        yield url


@pytest.fixture
def sqlite(tmp_path):
    path = tmp_path / "plant.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE queue (at text, machine text, length, lane text)")
        told = [(at.replace(tzinfo=None).isoformat(" "), *rest) for at, *rest in _ROWS]
        connection.executemany("INSERT INTO queue VALUES (?, ?, ?, ?)", told)
    connection.close()
    return f"sqlite:///{path}"


@pytest.fixture(params=["postgres", "sqlite"])
def url(request):
    return request.getfixturevalue(request.param)


def collector(url, **more):
    return PLUGIN.create(SqlSettings(**{"database": url, "query": _QUERY, **more}))


def read(source, cursor=None, until=_NOW):
    collection = source.collect(cursor or {}, until, _DEADLINE)
    batch = collection.batch
    found = [
        (batch.series[row].text, int(at) // 10**9, value)
        for row, at, value in zip(batch.rows, batch.times, batch.values, strict=True)
    ]
    return collection, found


def test_rows_come_once_and_in_their_own_time(url):
    source = collector(url, units=("queue={part}",))
    first, found = read(source)
    assert found == [
        ("press-1 queue{lane=a}", int(at.timestamp()), length)
        for at, _, length, _ in reversed(_ROWS)
    ]
    assert source.discover().metrics[0].unit == "{part}"
    _, again = read(source, first.cursor, _NOW + timedelta(seconds=1))
    assert again == []
    source.close()


def test_the_rest_of_too_many_rows_comes_next_time(url):
    source = collector(url, max_rows=3)
    first, found = read(source)
    _, rest = read(source, first.cursor)
    assert [len(found), len(rest)] == [3, 2]
    source.close()


def test_nothing_can_be_written(url):
    source = collector(url, query="WITH x AS (SELECT 1) DELETE FROM queue")
    with pytest.raises(Unreachable) as raised:
        read(source)
    assert raised.value.kind == "database"
    assert len(read(collector(url))[1]) == 5
    source.close()


def test_columns_that_are_missing_are_named(url):
    with pytest.raises(Unreachable, match="no column metric, value"):
        read(collector(url, query="SELECT at AS time, machine AS asset FROM queue"))


def test_it_keeps_the_contract(url):
    check_collector(
        lambda: collector(url), now=_NOW, dead=lambda: collector("sqlite:////nowhere/at/all.db")
    )


def test_a_bad_row_costs_no_other(sqlite):
    with sqlite3.connect(sqlite.removeprefix("sqlite:///")) as connection:
        good = str(_NOW.replace(tzinfo=None))
        connection.executemany(
            "INSERT INTO queue VALUES (?, ?, ?, ?)",
            [(good, "p", None, "a"), (good, None, 1, "a"), (good, "p", "x", "a")],
        )
    connection.close()
    collection, found = read(collector(sqlite))
    assert len(found) == 5
    assert collection.dropped == {"parse": 2, "labels": 1}


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(Unreachable, match="no such database file"):
        read(collector(f"sqlite:///{tmp_path / 'wrong.db'}"))
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_never_shown(postgres):
    source = collector(
        postgres.replace("postgres@127.0.0.1", "nobody@127.0.0.1:9").partition(":9:")[0] + ":9/x",
        password=Secret("hunter2"),
    )
    with pytest.raises(Unreachable) as raised:
        read(source)
    assert "hunter2" not in str(raised.value)
    with pytest.raises(ConfigError, match="password"):
        collector("postgresql+psycopg://a:hunter2@db/x")
    with pytest.raises(ConfigError, match="only reads"):
        collector(postgres, query="DROP TABLE queue")
