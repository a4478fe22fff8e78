"""Siblings: what moves all of them is nobody's anomaly."""

from datetime import timedelta

import numpy as np

from aiops.detect.peers import MOST, siblings
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesInfo, SeriesKey
from aiops.domain.state import State

STEP_NS = 300 * 10**9
STAGE = DetectStage.of(DetectSettings(detector="peers"))


def fleet(n: int = 9, cells: int = 1500) -> np.ndarray:
    rng = np.random.default_rng(2)
    together = np.cumsum(rng.normal(size=cells)) + 20 * (rng.random(cells) < 0.02)
    own = rng.normal(size=(n, cells)) + 10 * np.arange(n)[:, None]
    return together + 0.2 * own


def panel_of(values: np.ndarray, ids=None, groups=None) -> Panel:
    times = np.arange(values.shape[1]) * STEP_NS
    return Panel.of(values, times, timedelta(minutes=5), ids, groups=groups)


def test_only_the_sibling_that_leaves_the_others_opens_an_event():
    values = fleet()
    values[4, 1200:1210] += 9
    _, events = STAGE.update(STAGE.start(9), panel_of(values))
    assert {event.row for event in events} == {4}
    assert events[0].start == 1200 * STEP_NS


def test_what_all_siblings_do_at_once_is_no_event():
    values = fleet()
    values[:, 1200:1210] += 50
    _, events = STAGE.update(STAGE.start(9), panel_of(values))
    assert events == ()


def test_groups_know_nothing_of_each_other():
    values = np.concatenate([fleet(5), -3 * fleet(5)])
    groups = np.repeat([7, 2], 5)
    _, apart = STAGE.score(STAGE.start(10), panel_of(values, groups=groups))
    for part in (slice(0, 5), slice(5, 10)):
        _, alone = STAGE.score(STAGE.start(5), panel_of(values[part]))
        np.testing.assert_array_equal(apart.score[part], alone.score)


def test_two_hosts_are_no_group_and_say_so():
    _, found = STAGE.score(STAGE.start(2), panel_of(fleet(2)))
    assert np.isnan(found.score).all()
    assert (found.reason != 0).all()


def test_a_newcomer_learns_its_place_and_changes_nothing_for_the_others():
    values = fleet(10)
    ids = np.arange(10)
    state, _ = STAGE.score(STAGE.start(9), panel_of(values[:9, :700], ids[:9]))
    grown = State.join([state, STAGE.start(1)])
    late = Panel.of(
        values[:, 700:], np.arange(700, 1500) * STEP_NS, timedelta(minutes=5), ids
    )  # fmt: skip
    _, found = STAGE.score(grown, late)
    assert np.isfinite(found.score[:9]).all()
    assert np.isnan(found.score[9, :64]).all()
    assert np.isfinite(found.score[9, 64:]).all()
    order = np.array([9, 3, 1, 0, 2, 4, 5, 6, 8, 7])
    _, mixed = STAGE.score(grown.take(order), late.take(order))
    np.testing.assert_array_equal(mixed.score, found.score[order])


def test_siblings_are_of_one_metric_one_part_and_not_too_many():
    keys = [SeriesKey(f"web-{i}/disk:{d}", "used") for i in range(MOST + 3) for d in "ab"]
    keys.append(SeriesKey("web-1/disk:a", "reads"))
    infos = [SeriesInfo(i, key, STEP_NS) for i, key in enumerate(keys)]
    groups = siblings(infos)
    assert len(set(groups.tolist())) == 5
    assert np.bincount(groups).max() == MOST
    assert groups[0] != groups[1]
    assert (siblings(infos[::-1])[::-1] == groups).all()
