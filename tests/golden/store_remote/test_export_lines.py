"""Answers of VictoriaMetrics' export, read exactly or not at all."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.contracts.errors import Unreachable
from aiops.store.remote.export_lines import decode

LINE = (
    b'{"metric":{"__name__":"aiops_cpu","aiops_series":"7","asset":"a\\"}, b"},'
    b'"values":[1,-2.5,null,1e+06,0.1],"timestamps":[1000,2000,3000,4000,5000]}\n'
)


def test_a_line_gives_series_times_and_values():
    line = decode(LINE, "test")
    assert (line.series.tolist(), line.revisions.tolist()) == ([7], [0])
    assert line.times.tolist() == [1000, 2000, 3000, 4000, 5000]
    assert line.values[[0, 1, 3, 4]].tolist() == [1, -2.5, 1e6, 0.1]
    assert line.values[2] != line.values[2]


def test_a_line_with_many_digits_between_others_keeps_its_place():
    long = LINE.replace(b"0.1]", b"0.12345678901234567890123]").replace(b'"7"', b'"8"')
    lines = decode(LINE + long + LINE, "test")
    assert lines.series.tolist() == [7, 8, 7]
    assert lines.bounds.tolist() == [0, 5, 10, 15]
    assert lines.values[[4, 9, 14]].tolist() == [0.1, 0.12345678901234567890123, 0.1]
    assert lines.times.tolist() == [1000, 2000, 3000, 4000, 5000] * 3


@pytest.mark.parametrize("cut", range(1, len(LINE)))
def test_half_a_line_is_no_answer(cut):
    with pytest.raises(Unreachable):
        decode(LINE + LINE[:-cut], "test")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Please sign in</html>\n",
        b'{"status":"error"}\n',
        LINE.replace(b"aiops_series", b"other"),
        LINE.replace(b"5000]", b"5000,6000]"),
        LINE.replace(b"1000", b"1000.5"),
        LINE.replace(b"-2.5", b"-2.5.5"),
        LINE.replace(b"-2.5", b'"x"'),
    ],
)
def test_an_answer_that_is_something_else_is_told(body):
    with pytest.raises(Unreachable):
        decode(body, "test")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30),
    st.integers(0, 10**12),
)
def test_every_number_comes_back_exactly(values, start):
    times = [start + i for i in range(len(values))]
    metric = {"__name__": "x", "aiops_series": "3", "aiops_rev": "2"}
    body = orjson.dumps({"metric": metric, "values": values, "timestamps": times}) + b"\n"
    line = decode(body, "test")
    assert (line.series.tolist(), line.revisions.tolist()) == ([3], [2])
    assert line.bounds.tolist() == [0, len(values)]
    assert line.values.tolist() == values
    assert line.times.tolist() == times
