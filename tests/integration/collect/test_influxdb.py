"""Recorded annotated CSV, and a real InfluxDB 2 where one is named."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.metric import Direction, MetricKind
from aiops.testing.collector import check_collector
from collectors.influxdb import PLUGIN
from collectors.influxdb.settings import FluxSettings, InfluxdbSettings
from tests.integration.collect.documents import serving

_DEADLINE = timedelta(seconds=60)
_NOW = datetime.now(UTC).replace(microsecond=0)
_FLUX = 'from(bucket: "b") |> range(start: v.timeRangeStart, stop: v.timeRangeStop)'
_QUERY = FluxSettings(
    _FLUX, "fs.used", "{host}/volume:{path}", scale=0.01, bad_direction=Direction.UP, fail=1.0
)
_HEAD = """#datatype,string,long,dateTime:RFC3339,{type},string,string,string,string
#group,false,false,false,false,true,true,true,true
#default,_result,,,,,,,
,result,table,_time,_value,_field,_measurement,host,path
"""
_ERROR = """#datatype,string,string
#group,true,true
#default,,
,error,reference
,runtime error: cannot compile,897
"""


def table(*rows, of="double", number=0):
    """An answer: (seconds ago, value, host) of each record."""
    lines = [
        f",,{number},{(_NOW - timedelta(seconds=ago)).isoformat().replace('+00:00', 'Z')},{value},"
        f"used_percent,disk,{host},/"
        for ago, value, host in rows
    ]
    return (_HEAD.format(type=of) + "\n".join(lines) + "\n\n").replace("\n", "\r\n")


def make(url, *queries, **more):
    told = {"token": Secret("hunter2"), "delay": timedelta(0), **more}
    return PLUGIN.create(InfluxdbSettings(url, "acme", queries or (_QUERY,), **told))


def collect(source, cursor=None):
    collection = source.collect(cursor or {}, _NOW, _DEADLINE)
    batch = collection.batch
    rows = zip(batch.rows, batch.times, batch.values, strict=True)
    return [(batch.series[row].text, at // 10**9, value) for row, at, value in rows], collection


def answering(*tables):
    return serving({"/api/v2/query": "".join(tables).encode()})


def test_every_record_is_a_sample_at_its_own_time():
    with answering(table((30, 81.5, "a"), (15, 82, "a")), table((15, 3, "b"), of="long")) as server:
        source = make(server.url)
        found, collection = collect(source)
    now = int(_NOW.timestamp())
    assert found == [
        ("a/volume:/ fs.used", now - 30, pytest.approx(0.815)),
        ("a/volume:/ fs.used", now - 15, pytest.approx(0.82)),
        ("b/volume:/ fs.used", now - 15, pytest.approx(0.03)),
    ]
    assert collection.dropped == {}
    assert {limit.asset: limit.fail for limit in source.discover().limits}["a/volume:/"] == 1.0


def test_the_range_begins_where_the_last_one_ended_and_is_bounded():
    with answering(table((30, 1, "a"))) as server:
        source = make(server.url, piece=timedelta(minutes=20), history=timedelta(hours=1))
        _, first = collect(source)
        _, second = collect(source, first.cursor)
        for _ in range(3):
            _, second = collect(source, second.cursor)
        asked = [orjson.loads(one.body)["query"].splitlines()[0] for one in server.asked]
    assert len(asked) == 3  # an hour in pieces, then nothing is left to ask for
    stops = [line.partition("timeRangeStop: ")[2].partition(",")[0] for line in asked]
    starts = [line.partition("timeRangeStart: ")[2].partition(",")[0] for line in asked]
    assert starts[1:] == stops[:-1]
    assert "windowPeriod: 15000ms" in asked[0]


def test_the_range_is_put_behind_the_imports():
    flux = f'import "math"\nimport "array"\n{_FLUX}'
    with answering(table((30, 1, "a"))) as server:
        collect(make(server.url, FluxSettings(flux, "m")))
        lines = orjson.loads(server.asked[0].body)["query"].splitlines()
    assert [line.split()[0] for line in lines] == ["import", "import", "option", "from(bucket:"]


def test_the_token_travels_in_the_header_alone():
    with serving({"/api/v2/query": table((30, 1, "a")).encode()}, token="Token hunter2") as server:
        assert collect(make(server.url))[0]
        assert server.asked[0].query == {"org": "acme"}
        with pytest.raises(Unreachable) as raised:
            collect(make(server.url, token=Secret("s3cret")))
    assert raised.value.kind == "auth"
    assert "s3cret" not in str(raised.value)


def test_columns_name_metric_and_labels_and_a_record_without_them_costs_no_other():
    query = FluxSettings(_FLUX, asset="{host}", labels=("path",), counter=True)
    with answering(table((30, 1, ""), (15, 2, "a"), (15, "", "b"))) as server:
        source = make(server.url, query)
        found, collection = collect(source)
    assert [(text, value) for text, _, value in found] == [("a disk_used_percent{path=/}", 2.0)]
    assert collection.dropped == {"labels": 1, "type": 1}
    assert source.discover().metrics[0].kind is MetricKind.COUNTER


@pytest.mark.parametrize(
    ("rows", "of", "reason"),
    [
        ([(15, "text", "a")], "string", "type"),
        ([(15, "NaN", "a")], "double", "non_finite"),
        ([(15, "+Inf", "a")], "double", "non_finite"),
    ],
)
def test_what_is_no_number_is_counted(rows, of, reason):
    with answering(table((15, 1, "good")), table(*rows, of=of)) as server:
        found, collection = collect(make(server.url))
    assert len(found) == 1
    assert collection.dropped == {reason: 1}


def test_series_beyond_the_bound_are_left_out():
    with answering(table(*((15, 1, f"h{n}") for n in range(5)))) as server:
        found, collection = collect(make(server.url, max_series=3))
    assert len(found) == 3
    assert collection.dropped == {"limit": 2}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"<html>log in</html>", "format"),
        (b'{"code": "x"}', "format"),
        (b",result,table\r\n,,0\r\n", "format"),
        (_ERROR.encode(), "source"),
        (table((15, "abc", "a")).encode(), "format"),
        (404, "http"),
        (400, "http"),
        (429, "throttled"),
    ],
)
def test_an_answer_that_is_none_is_told_and_the_range_is_asked_again(answer, kind):
    with serving({"/api/v2/query": answer}) as server, pytest.raises(Unreachable) as raised:
        collect(make(server.url))
    assert raised.value.kind == kind


def test_it_keeps_the_contract():
    with answering(table((30, 1, "a"))) as server:
        check_collector(lambda: make(server.url), now=_NOW, dead=lambda: make("http://127.0.0.1:9"))


def test_a_real_server_takes_the_query():
    told = {name: os.environ.get(f"AIOPS_TEST_INFLUXDB_{name}") for name in ("URL", "TOKEN", "ORG")}
    if not all(told.values()):
        pytest.skip("not run: AIOPS_TEST_INFLUXDB_URL, _TOKEN and _ORG name no server")
    flux = (
        'import "array"\n'
        "array.from(rows: [{_time: v.timeRangeStart, _value: 1.5, "
        'host: "a", stop: v.timeRangeStop}])'
    )
    settings = InfluxdbSettings(told["URL"], told["ORG"], (FluxSettings(flux, "m"),))
    source = PLUGIN.create(replace(settings, token=Secret(told["TOKEN"])))
    assert [(text, value) for text, _, value in collect(source)[0]] == [("a m", 1.5)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "influx"},
        {"queries": ()},
        {"queries": (FluxSettings('from(bucket: "b") |> range(start: -1h)'),)},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    with pytest.raises(ConfigError):
        PLUGIN.create(replace(InfluxdbSettings("http://h", "o", (_QUERY,)), **wrong))
