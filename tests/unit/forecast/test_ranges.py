"""Ranges of crossings reach as far as those that came show they must."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Crossing
from aiops.domain.metric import Direction
from aiops.domain.series import SeriesKey
from aiops.forecast.ranges import Ranges
from aiops.ledger.encode import canonical, plain
from aiops.ledger.open import open_ledger

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def told(asset, at, probability=0.8, metric="capacity"):
    """A range of a day after the likely time, which is two days ahead."""
    return Crossing(
        SeriesKey(asset, metric), at, 7 * DAY, 1.4, Direction.DOWN, probability,
        at + DAY, at + 2 * DAY, at + 3 * DAY,
    )  # fmt: skip


def met(asset, at, metric="capacity"):
    key = SeriesKey(asset, metric)
    return Crossing(key, at, DAY, 1.4, Direction.DOWN, abstained=Abstention.ALREADY_OVER)


def lived(ranges, asset, begin, *, days=5.0, **kinds):
    """Twelve forecasts, an hour apart; the limit is met so many days after the last."""
    for hour in range(12):
        ranges = ranges.after([told(asset, begin + hour * HOUR, **kinds)])
    return ranges.after([met(asset, begin + 11 * HOUR + days * DAY)])


def test_a_range_is_stretched_once_two_crossings_came_later_than_told():
    once = lived(Ranges(), "a", START)
    assert once.factor("capacity") == 1.0
    twice = lived(once, "b", START)
    # the likely time was two days ahead and the late end three: five days are three halves
    assert twice.factor("capacity") == pytest.approx(3.0, abs=0.5)
    (wider,) = twice.stretch([told("c", START)])
    assert wider.late == START + 2 * DAY + DAY * twice.factor("capacity")
    assert (wider.early, wider.likely) == (START + DAY, START + 2 * DAY)


def test_a_range_never_reaches_beyond_the_time_spoken_of_nor_becomes_narrower():
    late = lived(lived(Ranges(), "a", START, days=6.2), "b", START, days=6.2)
    short = replace(told("c", START), horizon=4 * DAY)
    assert late.stretch([short])[0].late == START + 4 * DAY
    soon = lived(lived(Ranges(), "a", START, days=1), "b", START, days=1)
    assert soon.stretch([short])[0].late == START + 3 * DAY


def test_crossings_that_came_after_the_time_spoken_of_teach_nothing():
    ranges = lived(lived(Ranges(), "a", START, days=30), "b", START, days=30)
    assert ranges.factor("capacity") == 1.0
    assert ranges.waiting == {}


def test_unlikely_forecasts_and_other_metrics_teach_nothing():
    ranges = lived(lived(Ranges(), "a", START, probability=0.3), "b", START, probability=0.3)
    assert ranges == Ranges()
    ranges = lived(lived(Ranges(), "a", START), "b", START)
    assert ranges.stretch([told("c", START, metric="other")]) == [told("c", START, metric="other")]


def test_a_round_that_teaches_nothing_leaves_the_same_value():
    ranges = lived(Ranges(), "a", START)
    assert ranges.after([told("a", START, 0.1), met("b", START)]) is ranges


def test_what_was_learnt_comes_back_from_the_ledger():
    ranges = lived(lived(Ranges(), "a", START), "b", START).after([told("c", START)])
    ledger = open_ledger("sqlite://", START, durable=False)
    with ledger.begin() as tx:
        tx.put_note("ranges", ranges.note)
    back = Ranges.of(ledger.note("ranges"))
    ledger.close()
    assert back == ranges
    assert canonical(plain(back.note)) == canonical(plain(ranges.note))
