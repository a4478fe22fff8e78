"""The live window in front of a store."""

import subprocess
import sys
from datetime import timedelta

import numpy as np
import pytest

from aiops.contracts.errors import StoreError
from aiops.domain.instant import from_ns
from aiops.domain.panel import Aggregation
from aiops.domain.series import Samples, SeriesKey
from aiops.domain.step import HOUR, MINUTE
from aiops.store import filling
from aiops.store.catalogue import MemoryCatalogue
from aiops.store.open import open_store
from aiops.store.panels import LivePanels, window_path
from aiops.store.settings import StoreSettings
from aiops.store.window import Window, window_bytes
from aiops.testing.panels import MONDAY

STEP = timedelta(minutes=1)
SETTINGS = StoreSettings(series="memory", window=timedelta(hours=2))
KEYS = tuple(SeriesKey(f"host-{number}", "cpu") for number in range(30))
COUNTERS = [number % 2 == 1 for number in range(30)]


class Fleet:
    def __init__(self, folder, settings=SETTINGS):
        self.folder, self.settings = folder, settings
        self.store = open_store(settings, folder)
        self.catalogue = MemoryCatalogue()
        self.ids = self.catalogue.ids(KEYS, MINUTE, COUNTERS)
        self.live = self.started()

    def started(self):
        return LivePanels(self.store, self.catalogue, self.folder, self.settings)

    def ingest(self, first, last, rows=slice(None)):
        ids = self.ids[rows]
        for cell in range(first, last):
            times = np.full(len(ids), MONDAY + cell * MINUTE + 7_000_000_000)
            self.live.ingest(Samples(ids, times, 1e9 + ids * 1000.0 + cell * 60.0))

    def both(self, first, last, live=None):
        asked = (self.ids, MONDAY + first * MINUTE, MONDAY + last * MINUTE, STEP)
        shown = (live or self.live).panel(*asked)
        return shown, self.store.panel(*asked, counters=np.array(COUNTERS))


def assert_same(shown, stored):
    np.testing.assert_array_equal(shown.quality, stored.quality)
    np.testing.assert_array_equal(shown.times, stored.times)
    # float32 of the distance from the anchor, which is at most 120 x 60 here
    np.testing.assert_allclose(shown.values, stored.values, rtol=0, atol=120 * 60 * 6e-8)


def test_the_same_panel_comes_from_window_and_store_round_the_ring(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.ingest(0, 300)
    assert_same(*fleet.both(180, 300))
    assert_same(*fleet.both(200, 211))
    assert (fleet.live.hits, fleet.live.misses) == (2, 0)


def test_what_the_window_does_not_hold_comes_from_the_store(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.ingest(0, 300)
    shown, stored = fleet.both(170, 300)
    np.testing.assert_array_equal(shown.values, stored.values)
    start, end = MONDAY, MONDAY + 5 * HOUR
    hourly = fleet.live.panel(fleet.ids, start, end, timedelta(hours=1))
    mean = fleet.live.panel(fleet.ids, end - HOUR, end, STEP, Aggregation.MEAN)
    assert hourly.values.shape == (30, 5)
    assert mean.values[1, 5] == pytest.approx(1.0)
    assert (fleet.live.hits, fleet.live.misses) == (0, 3)


def test_series_that_appear_later_make_the_window_grow(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.ingest(0, 20, slice(0, 3))
    reader = Window(window_path(tmp_path, MINUTE), writable=False)
    fleet.ingest(20, 40)
    assert_same(*fleet.both(0, 40))
    assert reader.is_retired
    assert reader.read(fleet.ids[:3], MONDAY // MINUTE, MONDAY // MINUTE + 3) is None


def test_after_a_restart_the_window_is_rebuilt_from_the_store(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.ingest(0, 90)
    again = fleet.started()
    again.rebuild(from_ns(MONDAY + 90 * MINUTE))
    assert_same(*fleet.both(0, 90, again))
    assert again.hits == 1
    fleet.live = again
    fleet.ingest(90, 100)
    assert_same(*fleet.both(30, 100))


def test_many_new_series_are_read_from_the_store_in_parts(tmp_path, monkeypatch):
    fleet = Fleet(tmp_path)
    fleet.ingest(0, 90)
    asked, read = [], type(fleet.store).panel

    def noted(store, ids, *rest):
        asked.append(len(ids))
        return read(store, ids, *rest)

    monkeypatch.setattr(type(fleet.store), "panel", noted)
    monkeypatch.setattr(filling, "_READ_CELLS", 8 * 120)  # the window has 120 cells
    again = fleet.started()
    again.rebuild(from_ns(MONDAY + 90 * MINUTE))
    assert asked == [8, 8, 8, 6]
    monkeypatch.undo()
    assert_same(*fleet.both(0, 90, again))


def test_late_and_repeated_samples_are_seen_in_the_window(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.ingest(0, 60)
    times = np.full(4, MONDAY + 30 * MINUTE + 1_000_000_000)
    late = Samples(np.array([0, 1, 2, 3]), times, np.full(4, 5.0))
    for _ in range(2):
        fleet.live.ingest(late)
        fleet.ingest(59, 60)
    shown, stored = fleet.both(0, 60)
    np.testing.assert_allclose(shown.values, stored.values, rtol=1e-6)
    assert fleet.live.hits == 1


def test_a_jump_over_the_whole_window_leaves_no_old_cells(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.ingest(0, 130)
    fleet.ingest(1000, 1001)
    shown, stored = fleet.both(890, 1001)
    np.testing.assert_allclose(shown.values, stored.values, rtol=1e-6)
    assert np.isfinite(shown.values).sum() == 15
    assert fleet.live.hits == 1


def test_beyond_its_budget_a_step_class_reads_from_the_store(tmp_path):
    small = StoreSettings(
        series="memory", window=timedelta(hours=2), window_max_bytes=window_bytes(20, 120)
    )
    fleet = Fleet(tmp_path, small)
    fleet.ingest(0, 5, slice(0, 16))
    fleet.ingest(5, 9)
    assert not window_path(tmp_path, MINUTE).exists()
    shown, stored = fleet.both(0, 9)
    np.testing.assert_array_equal(shown.values, stored.values)
    assert fleet.live.misses == 1


def test_a_refused_append_leaves_the_window_as_it_was(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.ingest(0, 5)
    with pytest.raises(StoreError, match="not finite"):
        fleet.live.ingest(
            Samples(fleet.ids[:1], np.array([MONDAY + 5 * MINUTE]), np.array([np.nan]))
        )
    assert_same(*fleet.both(0, 5))


def test_another_process_maps_the_window_and_reads_the_same(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.ingest(0, 50)
    code = (
        "import sys; from pathlib import Path; import numpy as np;"
        "from aiops.store.window import Window;"
        "found = Window(Path(sys.argv[1]), writable=False).read("
        "np.arange(30), int(sys.argv[2]), int(sys.argv[2]) + 50);"
        "np.save(sys.argv[3], found[0])"
    )
    arguments = [window_path(tmp_path, MINUTE), MONDAY // MINUTE, tmp_path / "seen.npy"]
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True)
    shown, _ = fleet.both(0, 50)
    np.testing.assert_array_equal(np.load(tmp_path / "seen.npy"), shown.values)


def test_a_file_that_is_no_window_is_refused(tmp_path):
    path = tmp_path / "60s.f32"
    path.write_bytes(b"junk" * 100)
    with pytest.raises(StoreError, match="no live window"):
        Window(path, writable=False)


def test_the_same_tuple_of_keys_is_answered_with_the_same_ids():
    catalogue = MemoryCatalogue()
    ids = catalogue.ids(KEYS, MINUTE, COUNTERS)
    assert catalogue.ids(KEYS, HOUR) is ids
    assert catalogue.ids([KEYS[4], SeriesKey("new", "cpu")], MINUTE).tolist() == [4, 30]
    assert [info.counter for info in catalogue.info(np.array([1, 2]))] == [True, False]
    with pytest.raises(StoreError, match="series id 31"):
        catalogue.info(np.array([31]))


def test_a_late_counter_sample_before_the_window_changes_the_first_rate_in_it(tmp_path):
    fleet = Fleet(tmp_path)
    one = np.array([1])
    for cell, value in ((0, 10.0), (40, 90.0), (130, 100.0)):
        fleet.live.ingest(Samples(one, np.array([MONDAY + cell * MINUTE]), np.array([value])))
    fleet.live.ingest(Samples(one, np.array([MONDAY + 5 * MINUTE]), np.array([20.0])))
    shown, stored = fleet.both(11, 131)
    assert stored.values[1, 29] == pytest.approx(70 / (35 * 60))
    np.testing.assert_allclose(shown.values, stored.values, rtol=1e-6)
    assert fleet.live.hits == 1
