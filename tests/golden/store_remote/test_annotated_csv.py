"""Recorded answers to Flux queries, read as influxdb-client reads them."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.contracts.errors import Unreachable
from aiops.store.remote.annotated_csv import decode
from tests.unit.store_remote.influx_server import annotated

RECORDED = Path(__file__).parent / "annotated_csv" / "two_schemas.csv"


def read_as_the_client_does(body):
    from influxdb_client.client.flux_csv_parser import FluxCsvParser, FluxSerializationMode

    class Response(io.BytesIO):
        def release_conn(self):
            pass

    parser = FluxCsvParser(Response(body), FluxSerializationMode.stream)
    with parser:
        return [(int(r["aiops_series"]), r["_time"], r["_value"]) for r in parser.generator()]


def test_a_recorded_answer_gives_what_the_client_library_reads():
    body = RECORDED.read_bytes()
    rows = decode(body, "test")
    wanted = read_as_the_client_does(body)
    assert rows.series.tolist() == [each[0] for each in wanted]
    assert rows.values.tolist() == [each[2] for each in wanted]
    assert rows.times.tolist() == [int(each[1].timestamp() * 1000 // 1) for each in wanted]


def test_an_answer_without_rows_is_empty():
    assert len(decode(b"\r\n", "test").series) == 0
    assert len(decode(b"", "test").series) == 0


@pytest.mark.parametrize("cut", range(1, 38))
def test_an_answer_cut_off_anywhere_in_its_last_row_is_noticed(cut):
    body = RECORDED.read_bytes()[:-4]  # without the blank line, which a cut may take unnoticed
    with pytest.raises(Unreachable):
        decode(body[:-cut], "test")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**7),
            st.integers(-2_000_000_000_000, 4_000_000_000_000),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        max_size=20,
    )
)
def test_every_number_and_time_comes_back_exactly(rows):
    body = annotated([(series, [(time, value)]) for series, time, value in rows])
    found = decode(body, "test")
    assert found.series.tolist() == [each[0] for each in rows]
    assert found.times.tolist() == [each[1] for each in rows]
    np.testing.assert_array_equal(found.values, [each[2] for each in rows])
