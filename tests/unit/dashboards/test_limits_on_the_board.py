"""The risk board says where a limit comes from that nobody wrote as a number."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops.domain.abstention import Abstention
from aiops.domain.forecast import Crossing
from aiops.domain.metric import Direction
from aiops.domain.series import SeriesKey
from dashboards._signals import World
from dashboards._words import Words
from dashboards.risk_board import _event

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(days=7)


def told(**more):
    times = [NOW + timedelta(days=day) for day in (1, 2, 3)]
    return Crossing(SeriesKey("db", "used"), NOW, WEEK, 90.0, Direction.UP, 0.8, *times, **more)


@pytest.mark.parametrize(
    ("crossing", "language", "said"),
    [
        (told(of="size", share=0.9), "en", "The limit is 90\N{NO-BREAK SPACE}% of size."),
        (told(learnt_from=6), "en", "The limit was learnt from 6 past failures."),
        (told(learnt_from=6), "zh", "该限值由过去 6 次故障学得。"),
        (
            told(abstained=Abstention.ALREADY_OVER, learnt_from=6),
            "zh",
            "该限值由过去 6 次故障学得。",
        ),
        (told(), "en", ""),
    ],
)
def test_an_event_says_where_its_limit_comes_from(crossing, language, said):
    event = _event(crossing, Words(language), World({}, {}), NOW)
    assert event is not None
    assert event.source == said
