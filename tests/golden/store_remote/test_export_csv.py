"""Answers of VictoriaMetrics' CSV export, read exactly or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.contracts.errors import Unreachable
from aiops.store.remote.export_csv import decode

BODY = b"7,,1767571200000,12.5\n7,1,1767571200000,1e-07\n12,,0,-0.12345678901234567890\n3,,5,4\n"


def test_lines_give_series_revision_time_and_value():
    series, revisions, times, values = decode(BODY, "test")
    assert series.tolist() == [7, 7, 12, 3]
    assert revisions.tolist() == [0, 1, 0, 0]
    assert times.tolist() == [1767571200000, 1767571200000, 0, 5]
    assert values.tolist() == [12.5, 1e-7, -0.12345678901234567890, 4]
    assert len(decode(b"", "test")[0]) == 0


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_line_cut_off_is_no_answer(cut):
    with pytest.raises(Unreachable):
        decode(BODY[:-cut], "test")


@pytest.mark.parametrize("body", [b"<html>\n", b"7,,5\n", b"7,,x,1\n", b",,5,1\n", b"7,,5,1,2\n"])
def test_an_answer_that_is_something_else_is_told(body):
    with pytest.raises(Unreachable):
        decode(BODY + body, "test")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**9),
            st.integers(0, 9),
            st.integers(0, 10**13),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        max_size=20,
    )
)
def test_every_line_comes_back_exactly(rows):
    body = "".join(f"{s},{r or ''},{t},{v!r}\n" for s, r, t, v in rows).encode()
    found = decode(body, "test")
    assert list(zip(*(each.tolist() for each in found), strict=True)) == rows
