"""Every domain value that the ledger keeps comes back as it was."""

import math
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.contracts.ledger import Checkpoint
from aiops.domain.access import Credential
from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import Asset, Edge
from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident
from aiops.domain.metric import Limit, Metric
from aiops.domain.risk import Risk
from aiops.domain.ticket import Ticket, TicketDraft
from aiops.ledger.encode import dump, load, read_time, time_text

KINDS = (
    Asset, Edge, Metric, Limit, Credential, Anomaly, Crossing, Risk, Incident, Ticket,
    TicketDraft, Checkpoint,
)  # fmt: skip

EARLY, LATE = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001  # bounds are naive there
TIMES = st.datetimes(EARLY, LATE, timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
st.register_type_strategy(datetime, TIMES)
st.register_type_strategy(str, TEXT)
st.register_type_strategy(int, st.integers(-(2**53), 2**53))
st.register_type_strategy(
    timedelta, st.timedeltas(min_value=timedelta(days=-9), max_value=timedelta(days=9999))
)
st.register_type_strategy(float, st.floats(allow_nan=False))
PLAIN = st.recursive(
    st.none() | st.booleans() | TEXT | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def values_of(kind):
    if kind is Incident:
        return st.builds(kind, evidence=st.dictionaries(TEXT, PLAIN, max_size=3))
    return st.from_type(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_comes_back_as_it_was(kind):
    @settings(max_examples=25, deadline=None)
    @given(values_of(kind))
    def check(value):
        back = load(kind, dump(value))
        assert back == value or repr(back) == repr(value)  # NaN does not equal itself
        assert dump(load(kind, dump(value))) == dump(value)

    check()


@given(TIMES, TIMES)
def test_the_order_of_text_is_the_order_of_time(one, other):
    assert (time_text(one) < time_text(other)) == (one < other)
    assert read_time(time_text(one)) == one


def test_a_time_of_another_zone_is_the_same_moment():
    east = datetime(2026, 1, 5, 20, tzinfo=timezone(timedelta(hours=8)))
    assert time_text(east) == "2026-01-05T12:00:00.000000+00:00"


def test_a_time_without_zone_is_an_error():
    with pytest.raises(ValueError, match="has no zone"):
        time_text(datetime(2026, 1, 5))  # noqa: DTZ001  # the mistake under test


def test_nan_is_null_and_comes_back_as_nan():
    text = dump(Limit("disk", "up", math.nan))
    assert '"fail":null' in text
    assert math.isnan(load(Limit, text).fail)


def test_a_row_of_an_earlier_version_gets_defaults_and_one_of_a_later_is_read():
    assert load(Asset, '{"key": "db-07", "colour": "red"}') == Asset("db-07")
    assert "colour" not in {each.name for each in fields(Asset)}
