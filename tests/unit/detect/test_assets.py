"""The metrics of one asset judged together in the daemon's stage."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.contracts.ledger import Window
from aiops.detect.assets import MOST, Assets
from aiops.detect.fleet import DetectFleet
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.detect.windows import Due
from aiops.domain.anomaly import TOGETHER
from aiops.domain.instant import from_ns, to_ns
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesInfo, SeriesKey
from aiops.ledger.open import open_ledger

MINUTE = 60 * 10**9
START = to_ns(datetime(2026, 1, 5, tzinfo=UTC))
FAULT = 1600
CELLS = 1800


class Seen:
    """Host ``a`` with six metrics of one load, ``b`` with three, ``c`` with a single one."""

    def __init__(self, ledger):
        rng = np.random.default_rng(4)
        load = np.sin(np.arange(CELLS) / 100) + 0.3 * rng.normal(size=CELLS)
        rows = np.array([load * (1 + i) + 0.1 * rng.normal(size=CELLS) for i in range(10)])
        rows[2:4, FAULT : FAULT + 60] = 15 - rows[2:4, FAULT : FAULT + 60]
        self.values = rows
        assets = ["a"] * 6 + ["b"] * 3 + ["c"]
        keys = [SeriesKey(asset, f"m{i}") for i, asset in enumerate(assets)]
        ids = ledger.catalogue.ids(keys, MINUTE)
        self.infos = tuple(ledger.catalogue.info(np.array(ids)))
        self.row_of = {info.id: row for row, info in enumerate(self.infos)}
        self.first_ns = {info.id: START for info in self.infos}

    def series_by_step(self):
        return {MINUTE: self.infos}

    def zones(self, infos):
        return ["UTC"] * len(infos)

    def sites(self, infos):
        return [""] * len(infos)

    def panel(self, ids, start, end, step):
        cells = slice((start - START) // MINUTE, (end - START) // MINUTE)
        times = np.arange(start, end, MINUTE, dtype=np.int64)
        rows = [self.row_of[series] for series in ids.tolist()]
        return Panel.of(self.values[rows, cells], times, step, series=ids)


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


def run(fleet, seen, first, last, infos=None):
    start, end = START + first * MINUTE, START + last * MINUTE
    due = Due(MINUTE, infos or seen.infos, start, end, end, forecast=False)
    found = fleet.update(due, fleet.read(due, seen))
    with fleet.ledger.begin() as tx:
        tx.put_window(Window(due.shard, "detect", end))
    fleet.commit(due)
    return found


def together(found):
    return [anomaly for anomaly in found if anomaly.series.metric == TOGETHER]


def test_metrics_that_leave_their_common_way_are_one_anomaly_that_names_them(ledger):
    seen = Seen(ledger)
    fleet = fleet_of(ledger, seen)
    assert together(run(fleet, seen, 0, FAULT)) == []
    found = together(run(fleet, seen, FAULT, FAULT + 30))
    assert [(a.series.asset, a.end) for a in found] == [("a", None)]
    assert found[0].start - from_ns(START + FAULT * MINUTE) < timedelta(minutes=10)
    assert {each.series.metric for each in found[0].guilty} == {"m2", "m3"}
    assert found[0].value == 2
    assert 0.5 < sum(each.share for each in found[0].guilty) <= 1


def test_joint_states_are_the_same_bit_for_bit_after_a_restart(ledger, tmp_path):
    seen = Seen(ledger)
    fleet = fleet_of(ledger, seen)
    run(fleet, seen, 0, 700)
    fleet.save(tmp_path)
    run(fleet, seen, 700, FAULT + 5)
    again = fleet_of(ledger, seen)
    again.load(seen)
    one, other = fleet._shards[MINUTE].assets, again._shards[MINUTE].assets
    assert one.names == other.names == ("a", "b")
    for name, array in one.state.arrays.items():
        assert array.tobytes() == other.state.arrays[name].tobytes(), name
    goes_on = [run(each, seen, FAULT + 5, FAULT + 30) for each in (fleet, again)]
    assert goes_on[0] == goes_on[1]


def test_cells_cut_into_other_windows_give_the_same_joint_state(ledger):
    seen = Seen(ledger)
    one, other = fleet_of(ledger, seen), fleet_of(ledger, seen)
    run(one, seen, 0, 900)
    for at in range(0, 900, 100):
        run(other, seen, at, at + 100)
    for name, array in one._shards[MINUTE].assets.state.arrays.items():
        assert array.tobytes() == other._shards[MINUTE].assets.state.arrays[name].tobytes(), name


def test_a_repair_ends_the_joint_event_and_the_new_way_is_learnt(ledger):
    seen = Seen(ledger)
    fleet = fleet_of(ledger, seen)
    run(fleet, seen, 0, FAULT)
    run(fleet, seen, FAULT, FAULT + 10)
    now = from_ns(START + (FAULT + 12) * MINUTE)
    fleet.rebase(["a"], now, "repair")
    ended = together(run(fleet, seen, FAULT + 10, FAULT + 40))
    assert [(a.series.asset, a.end) for a in ended if a.end] == [("a", now)]
    cells = fleet._shards[MINUTE].assets.state.arrays["reference.cells"]
    assert cells.tolist() == [28, FAULT + 40]


def test_a_metric_that_comes_later_gets_a_place_and_the_others_keep_theirs(ledger):
    seen = Seen(ledger)
    fleet = fleet_of(ledger, seen)
    first = [*seen.infos[:5], *seen.infos[6:]]
    run(fleet, seen, 0, 300, tuple(first))
    before = fleet._shards[MINUTE].assets.state.arrays["reference.mean"].copy()
    run(fleet, seen, 300, 301)
    assets = fleet._shards[MINUTE].assets
    assert assets.state.arrays["reference.seen"][0, :6].tolist() == [301] * 5 + [1]
    np.testing.assert_allclose(assets.state.arrays["reference.mean"][0, :5], before[0, :5], atol=1)


def infos_of(count, asset="a", first=1):
    return [SeriesInfo(first + i, SeriesKey(asset, f"m{i}"), MINUTE) for i in range(count)]


def test_memory_is_bounded_however_many_metrics_an_asset_has():
    assets = Assets.of().grown(infos_of(500))
    assert assets.places.shape == (1, MOST)
    assert sum(array.nbytes for array in assets.state.arrays.values()) < 20_000


def test_a_metric_that_vanished_gives_its_place_to_a_new_one():
    assets = Assets.of().grown(infos_of(8))
    assets.state.arrays["reference.seen"][0] = 100
    assets = assets.grown([*infos_of(8)[:3], *infos_of(8)[4:], *infos_of(1, first=90)])
    assert assets.places[0].tolist() == [0, 1, 2, 7, 3, 4, 5, 6]
    assert assets.state.arrays["reference.seen"][0].tolist() == [100, 100, 100, 0, *[100] * 4]


def test_constants_and_states_that_hardly_ever_flip_do_not_blind_the_others():
    rng = np.random.default_rng(1)
    values = np.vstack([rng.normal(size=(3, 2000)), np.full((2, 2000), 5.0), np.zeros((3, 2000))])
    values[5, ::500] = 1.0
    values[:2, 1900:] += 8
    infos = infos_of(8)
    stage, assets = DetectStage.of(DetectSettings()), Assets.of().grown(infos)
    times = START + np.arange(2000, dtype=np.int64) * MINUTE
    panel = Panel.of(values, times, timedelta(minutes=1))
    _, found = stage.score(stage.start(8), panel)
    _, events = assets.update(panel, found, np.full(8, 0.1))
    late = [e for e in events if e.event.start >= START + 1900 * MINUTE]
    assert len(late) == 1
    assert {each.series.metric for each in assets.anomaly(late[0], infos).guilty} == {"m0", "m1"}
