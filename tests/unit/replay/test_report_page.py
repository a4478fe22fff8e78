"""The page of a replay: every forecast scored, a bar to choose, each miss explained."""

import base64
import csv
import hashlib
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.config import default
from aiops.contracts.collector import Inventory
from aiops.domain.abstention import Abstention
from aiops.domain.asset import Asset
from aiops.domain.event import Failure
from aiops.domain.forecast import REMAINING_LIFE, Crossing
from aiops.domain.incident import IncidentKind
from aiops.domain.instant import from_ns
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.series import Batch, SeriesKey
from aiops.domain.step import HOUR
from aiops.replay.bundle import Bundle
from aiops.replay.choice import choices, decided_at
from aiops.replay.drive import replay
from aiops.replay.kept import Kept, score
from aiops.replay.made import made, tally
from aiops.replay.misses import misses
from aiops.replay.page import page
from aiops.replay.report import Span, World
from aiops.replay.tables import write_table

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
DISK = SeriesKey("db", "disk")
LIFE = SeriesKey("db", REMAINING_LIFE)


def crossing(series, at, probability, abstained=Abstention.NONE):
    early, late = (None, None) if probability is None else (at + DAY, at + 3 * DAY)
    return Crossing(
        series, at, 7 * DAY, 1.0, Direction.UP, probability, early, early, late, abstained
    )


def world(*failures, days=40):
    return World({"db": Span(START, START + days * DAY)}, failures, ())


def kept(*crossings):
    book = Kept()
    for each in crossings:
        book.keep(each.origin, [each])
    return book


@pytest.fixture(scope="module")
def lived():
    """Three volumes of one shape fill and fail, a fourth stays; one has a hostile name."""
    hours = 24 * 6
    times, rows, values = [], [], []
    keys = tuple(SeriesKey(name, "used") for name in ("a<b>", "b", "c", "d"))
    for hour in range(hours):
        wobble = 0.004 * ((hour * 7) % 5)
        for row in range(4):
            filled = 0.4 if row == 3 else min(1.0, hour / (96 + 12 * row))
            times.append((490_000 + hour) * HOUR)
            rows.append(row)
            values.append(min(1.0, filled + wobble))
    batch = Batch(keys, np.array(rows, np.int32), np.array(times, np.int64), np.array(values))
    failures = tuple(
        Failure(keys[row].asset, from_ns((490_000 + 96 + 12 * row) * HOUR), "full")
        for row in range(3)
    )
    inventory = Inventory(
        assets=tuple(Asset(key.asset) for key in keys),
        metrics=(Metric("used"),),
        limits=(Limit("used", Direction.UP, 1.0),),
    )
    bundle = Bundle(inventory, batch, failures, ())
    return bundle, replay(bundle, default())


def test_the_bar_in_force_would_have_opened_what_the_replay_opened(lived):
    bundle, found = lived
    settings = default()
    opened = decided_at(settings.incident.open_probability, found.kept, bundle, settings)
    told = [i.incident for i in found.judged if i.incident.kind is IncidentKind.PREDICTIVE]
    assert told
    assert {(i.asset, i.opened_at, i.predicted) for i in opened.values()} == {
        (i.asset, i.opened_at, i.predicted) for i in told
    }


def test_a_higher_bar_never_warns_of_more(lived):
    bundle, found = lived
    made = choices(found.kept, bundle, found.world, default(), found.prices)
    warned = [choice.warned for choice in made]
    assert warned == sorted(warned, reverse=True)
    assert all(choice.warned + choice.missed == 3 for choice in made)


def test_the_page_runs_no_script_and_its_policy_admits_its_own_style_alone(lived):
    bundle, found = lived
    html = page(found, bundle, default())
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'"
        in html
    )
    assert not re.search(r"<script|\sstyle=|\son\w+=|https?://", html)
    assert "a<b>" not in html
    assert "a&lt;b&gt;" in html


def test_a_forecast_of_a_limit_is_held_against_the_limit_being_met():
    book = kept(
        crossing(DISK, START, 0.9),
        crossing(DISK, START + 2 * DAY, 0.2),
        replace(crossing(DISK, START + 5 * DAY, None, Abstention.ALREADY_OVER)),
        crossing(DISK, START + 12 * DAY, 0.1),
        crossing(DISK, START + 38 * DAY, 0.6),
    )
    scored = score(book, world())
    assert scored.stated == pytest.approx([0.9, 0.2, 0.1])
    assert scored.came.tolist() == [True, True, False]
    assert scored.unknown == 1


def test_every_forecast_can_be_written_with_what_came_of_it(tmp_path):
    book = kept(
        crossing(DISK, START, 0.9),
        crossing(DISK, START + 2 * DAY, 0.02),
        crossing(DISK, START + 5 * DAY, None, Abstention.ALREADY_OVER),
        crossing(DISK, START + 12 * DAY, 0.1),
        crossing(DISK, START + 38 * DAY, 0.6),
        crossing(DISK, START + 39 * DAY, None, Abstention.GAPPY_HISTORY),
    )
    out = tmp_path / "forecasts.csv"
    write_table(made(book, world()), str(out))
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    assert [row["came"] for row in rows] == ["1", "1", "", "0", "", ""]
    assert rows[0]["early"] == "2026-03-03T00:00:00Z"
    assert rows[1]["early"] == ""  # too unlikely for its range to be kept
    assert rows[5]["abstained"] == Abstention.GAPPY_HISTORY.words
    counts, reasons = tally(book, world())
    assert counts == {"came": 2, "came_not": 1, "not_over": 1}
    assert reasons == {Abstention.ALREADY_OVER: 1, Abstention.GAPPY_HISTORY: 1}


def test_each_point_of_the_trade_off_leads_to_the_row_that_tells_what_to_set(lived):
    bundle, found = lived
    html = page(found, bundle, default())
    rows = set(re.findall(r"<tr[^>]* id=(bar-[\d.]+)>", html))
    points = set(re.findall(r"<a href='#(bar-[\d.]+)'><circle", html))
    assert len(rows) >= 10
    assert points == rows
    assert "incident.open_probability: 0.6<" in html


def test_a_forecast_of_a_life_is_held_against_the_failures():
    failure = Failure("db", START + 10 * DAY)
    book = kept(crossing(LIFE, START, 0.3), crossing(LIFE, START + 5 * DAY, 0.8))
    assert score(book, world(failure)).came.tolist() == [False, True]


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ((), "no_limit"),
        ((crossing(DISK, START + 9 * DAY, None, Abstention.NO_TREND),), "abstained"),
        ((crossing(DISK, START + 9 * DAY, 0.4),), "below"),
        ((crossing(DISK, START + 9 * DAY, 0.9),), "not_held"),
        ((crossing(DISK, START + 11 * DAY, 0.9),), "no_limit"),
    ],
)
def test_each_miss_has_its_reason(before, reason):
    failure = Failure("db", START + 10 * DAY)
    (miss,) = misses([], kept(*before), world(failure), default().incident)
    assert miss.reason == reason
    assert (miss.abstained is Abstention.NO_TREND) == (reason == "abstained")
