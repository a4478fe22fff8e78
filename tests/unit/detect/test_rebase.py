"""A repair, or a person who accepts the new normal, makes an asset's series new ones."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.contracts.ledger import Window
from aiops.detect.fleet import DetectFleet
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.detect.windows import Due
from aiops.domain.instant import from_ns, to_ns
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesKey
from aiops.ledger.open import open_ledger
from tests.unit.detect.watched import MINUTE, START, Watched

SHIFT = 1200


class Seen(Watched):
    """Two assets of one metric at one minute, the first shifts and stays there."""

    def __init__(self, ledger):
        noise = np.random.default_rng(4).normal(size=(2, 2000))
        noise[0, SHIFT:] += 30
        super().__init__(ledger, [SeriesKey(name, "temperature") for name in ("a", "b")], noise)


@pytest.fixture
def ledger(tmp_path):
    one = open_ledger(f"sqlite:///{tmp_path}/ledger.db", datetime(2026, 1, 5, tzinfo=UTC))
    yield one
    one.close()


def fleet_of(ledger, seen):
    settings = DetectSettings()
    return DetectFleet(
        ledger, DetectStage.of(settings), settings, lambda step: 60 * step, seen.panel
    )


def run(fleet, seen, first, last):
    start, end = START + first * MINUTE, START + last * MINUTE
    due = Due(MINUTE, seen.infos, start, end, end, forecast=False)
    found = fleet.update(due, fleet.read(due, seen))
    with fleet.ledger.begin() as tx:
        tx.put_window(Window(due.shard, "detect", end))
    fleet.commit(due)
    return found


def test_a_rebase_ends_the_event_and_the_new_level_is_normal(ledger):
    seen = Seen(ledger)
    fleet = fleet_of(ledger, seen)
    run(fleet, seen, 0, SHIFT)
    opened = run(fleet, seen, SHIFT, SHIFT + 5)
    assert [(a.series.asset, a.end) for a in opened] == [("a", None)]
    now = from_ns(START + (SHIFT + 8) * MINUTE)
    fleet.rebase(["a"], now, "accepted as new normal")
    ended = run(fleet, seen, SHIFT + 5, SHIFT + 20)
    assert [(a.series.asset, a.end) for a in ended if a.end] == [("a", now)]
    assert [a for a in run(fleet, seen, SHIFT + 20, 2000) if a.series.asset == "a"] == []


def test_other_assets_keep_their_past(ledger):
    seen = Seen(ledger)
    one, other = fleet_of(ledger, seen), fleet_of(ledger, seen)
    run(one, seen, 0, SHIFT)
    one.rebase(["a"], from_ns(START + (SHIFT + 8) * MINUTE), "repair")
    run(one, seen, SHIFT, 1500)
    run(other, seen, 0, 1500)
    for name, array in one._shards[MINUTE].state.arrays.items():
        np.testing.assert_array_equal(array[1], other._shards[MINUTE].state.arrays[name][1])
        if name == "detector.seen":
            assert array.tolist() == [1500 - SHIFT - 8, 1500]


def test_a_restart_forgets_at_the_same_cell(ledger, tmp_path):
    seen = Seen(ledger)
    fleet = fleet_of(ledger, seen)
    run(fleet, seen, 0, SHIFT)
    fleet.save(tmp_path)
    fleet.rebase(["a"], from_ns(START + (SHIFT + 8) * MINUTE), "repair")
    run(fleet, seen, SHIFT, SHIFT + 50)
    again = fleet_of(ledger, seen)
    again.load(seen)
    for name, array in fleet._shards[MINUTE].state.arrays.items():
        assert array.tobytes() == again._shards[MINUTE].state.arrays[name].tobytes(), name


def test_a_repair_that_is_reported_late_rebases_from_the_next_cell(ledger):
    seen = Seen(ledger)
    fleet = fleet_of(ledger, seen)
    run(fleet, seen, 0, SHIFT)
    fleet.rebase(["b"], from_ns(START), "repair")
    run(fleet, seen, SHIFT, SHIFT + 10)
    assert fleet._shards[MINUTE].state.arrays["detector.seen"].tolist() == [SHIFT + 10, 10]


def test_rebases_of_long_ago_are_let_go(ledger):
    seen = Seen(ledger)
    fleet = fleet_of(ledger, seen)
    fleet.rebase(["a"], from_ns(START), "repair")
    fleet.rebase(["b"], from_ns(START) + timedelta(days=30), "repair")
    assert set(fleet.rebased) == {"b"}


def test_a_site_keeps_the_holidays_of_its_country(ledger):
    seen = Seen(ledger)
    seen.sites = lambda infos: ["shanghai-1", "lab"]
    fleet = fleet_of(ledger, seen)
    fleet.settings = DetectSettings(countries={"shanghai-*": "CN"})
    start = to_ns(datetime(2026, 2, 17, 4, tzinfo=UTC))
    seen.panel = lambda ids, *_: Panel.of(
        np.zeros((2, 1)), np.array([start]), timedelta(minutes=1), series=ids
    )
    fleet.read_panel = seen.panel
    panel = fleet.read(Due(MINUTE, seen.infos, start, start + MINUTE, start + MINUTE, False), seen)
    assert panel.calendar.day_off[panel.calendar.zone, 0].tolist() == [True, False]
