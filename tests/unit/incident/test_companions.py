"""Assets that often fail together become related; one coincidence or a storm relates nothing."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from aiops.domain.decision import Reason
from aiops.incident.companions import MOST_ASSETS, MOST_PAIRS, STORM, Companions
from aiops.incident.nearness import Nearness
from aiops.incident.probable import Context, rank_causes
from tests.unit.incident.test_strange import ASSETS, MINUTE, NOW, Story, strange

DAY = timedelta(days=1)


def began(asset, day, minute=0):
    return replace(strange(asset), start=NOW + day * DAY + minute * MINUTE)


def watched(times):
    """Db and far begin together on so many days of thirty."""
    found = Companions()
    found.learn([began("db", -30)])
    for n in range(times):
        found.learn([began("db", 5 * n - 25), began("far", 5 * n - 25, 3)])
    return found


def test_two_that_began_together_three_times_are_related_and_twice_is_not_enough():
    assert watched(3).of("far", NOW) == {"db": 3}
    assert watched(3).of("db", NOW) == {"far": 3}
    assert watched(2).of("far", NOW) == {}
    assert watched(1).of("far", NOW) == {}


def test_what_flickers_in_one_afternoon_is_one_occasion():
    found = Companions()
    found.learn([began("db", -30)])
    for n in range(8):
        found.learn([began("db", -1, 40 * n), began("far", -1, 40 * n)])
    assert found.of("db", NOW) == {}


def test_common_beginnings_that_are_few_of_many_relate_nothing():
    found = watched(3)
    for n in range(20):
        found.learn([began("db", n - 30, 400), began("far", n - 30, 800)])
    assert found.of("db", NOW) == {}


def test_pairs_that_chance_brings_together_are_not_related():
    rng = np.random.default_rng(4)
    events = [
        began(f"a{asset}", -60, int(minute))
        for asset in range(60)
        for minute in rng.integers(0, 60 * 1440, 40)
    ]
    found = Companions()
    found.learn(events)
    assert len(found._pairs) > 500
    assert not [one for one in found._of if found.of(one, NOW)]


def test_a_storm_relates_nothing_and_neither_does_what_the_topology_knows():
    storms = Companions()
    for n in range(6):
        storms.learn(began(f"a{i:02d}", 4 * n - 30) for i in range(STORM + 1))
    assert not [one for one in storms._of if storms.of(one, NOW)]
    near = Companions()
    for n in range(6):
        near.learn([began("db", 4 * n - 30), began("shop", 4 * n - 30)], Nearness.of(ASSETS).reach)
    assert near.of("db", NOW) == {}


def test_memory_is_bounded_and_what_was_not_seen_for_longest_goes_first():
    found = Companions()
    for n in range(MOST_PAIRS + 50):
        at = -30 + n / 48
        found.learn([began(f"a{n}", at), began(f"b{n}", at)])
    assert len(found._pairs) == MOST_PAIRS
    assert len(found._own) <= MOST_ASSETS
    assert sum(map(len, found._of.values())) == 2 * MOST_PAIRS


def test_told_twice_or_all_at_once_after_a_restart_it_knows_the_same():
    events = [began(a, 5 * n - 25, 3 * (a == "far")) for n in range(4) for a in ("db", "far")]
    online, again = Companions(), Companions()
    for event in events:
        online.learn([event])
        online.learn([event])
    again.learn(reversed(events))
    assert online.of("db", NOW) == again.of("db", NOW) == {"far": 4}


def test_what_often_fails_together_joins_and_the_trace_says_why():
    story = Story(companions=watched(4)).opened()
    story.round(strange("far", 4.0, at=9), minute=10)
    assert "far" in {m.series.asset for m in story.only.members}
    (tie,) = [d for d in story.decisions if d.reason is Reason.OFTEN_TOGETHER]
    assert tie.words("en") == "far and db: 4 times before"
    assert tie.words("zh") == "far 与 db：此前 4 次"


def test_one_coincidence_in_the_past_joins_nothing():
    story = Story(companions=watched(1)).opened()
    story.round(strange("far", 4.0, at=9), minute=10)
    assert "far" not in {m.series.asset for m in story.only.members}


def test_the_causes_say_that_they_often_fail_together():
    known = watched(4)
    story = Story(companions=known).opened()
    story.round(strange("far", 4.0, at=9), minute=10)
    context = Context(Nearness.of(ASSETS), often=lambda asset: known.of(asset, NOW))
    reasons = {c.asset: c.reason for c in rank_causes(story.only.members, context)}
    assert "often fails together (db, 4 times)" in reasons["far"]["en"]
    assert "经常同时出现故障（db，4 次）" in reasons["far"]["zh"]
