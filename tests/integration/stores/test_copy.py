"""``aiops store copy``: from the embedded store to VictoriaMetrics, cut off and taken up again."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from aiops.domain.series import Samples, SeriesKey
from aiops.domain.step import DAY, HOUR, MINUTE
from aiops.ledger.open import open_ledger
from aiops.store.open import open_directly
from aiops.store.settings import StoreSettings
from aiops.testing.ledger import NOW
from aiops.testing.panels import MONDAY

REMOTE = """
store:
  directory: {directory}
  series: victoriametrics
  settings:
    url: {url}
    name: {name}
"""
AIOPS = Path(sys.executable).with_name("aiops")


def run(*arguments, directory):
    return subprocess.run(
        [AIOPS, "store", *arguments], cwd=directory, capture_output=True, text=True, check=False
    )


def fill(directory, n_series=7, n_days=3):
    ledger = open_ledger(f"sqlite:///{directory}/data/ledger.db", NOW)
    keys = tuple(SeriesKey(f"db-{i}", "cpu") for i in range(n_series))
    counters = tuple(SeriesKey(f"db-{i}", "requests") for i in range(2))
    gauges = ledger.catalogue.ids(keys, MINUTE)
    ids = np.r_[gauges, ledger.catalogue.ids(counters, MINUTE, [True] * 2)]
    store = open_directly(StoreSettings(), directory / "data")
    rng = np.random.default_rng(1)
    times = MONDAY + np.arange(0, n_days * DAY, HOUR // 4)
    for at in times:
        store.append(Samples(ids, np.full(len(ids), at), np.round(rng.normal(50, 9, len(ids)), 3)))
    store.append(Samples(ids[:1], times[:1], np.array([77.0])))  # a corrected value
    found = store.samples(ids, MONDAY, MONDAY + n_days * DAY)
    store.close()
    ledger.close()
    return keys + counters, found


def test_a_copied_store_is_read_back_equal_and_a_second_run_copies_only_the_last_day(
    tmp_path, victoria
):
    (tmp_path / "data").mkdir()
    keys, wanted = fill(tmp_path)
    (tmp_path / "old.yaml").write_text("store:\n  directory: data\n")
    new = REMOTE.format(url=victoria.url, directory="new", name="copied")
    (tmp_path / "new.yaml").write_text(new)
    first = run("copy", "old.yaml", "new.yaml", directory=tmp_path)
    assert first.returncode == 0, first.stderr
    assert f"copied and verified: {len(wanted)} samples of {len(keys)} series" in first.stdout
    (journal,) = (tmp_path / "new").glob("copy-*.json")
    assert len(json.loads(journal.read_text())) == 2
    second = run("copy", "old.yaml", "new.yaml", directory=tmp_path)
    assert second.returncode == 0, second.stderr
    assert f"copied and verified: {len(wanted) // 3} samples" in second.stdout
    ledger = open_ledger(f"sqlite:///{tmp_path}/new/ledger.db", NOW)
    ids = ledger.catalogue.ids(keys, MINUTE)
    settings = StoreSettings(
        series="victoriametrics", settings={"url": victoria.url, "name": "copied"}
    )
    store = open_directly(settings, tmp_path / "new", ledger.catalogue.info)
    found = store.samples(ids, MONDAY, MONDAY + 3 * DAY)
    assert len(found) == len(wanted)
    np.testing.assert_array_equal(found.times, wanted.times)
    np.testing.assert_allclose(found.values, wanted.values, rtol=1e-9)
    assert [info.counter for info in ledger.catalogue.all()].count(True) == 2
    store.close()
    ledger.close()


def test_a_target_that_is_away_costs_nothing_and_is_told(tmp_path):
    (tmp_path / "data").mkdir()
    fill(tmp_path, 1, 1)
    (tmp_path / "old.yaml").write_text("store:\n  directory: data\n")
    away = REMOTE.format(url="http://127.0.0.1:9", directory="new", name="x")
    (tmp_path / "new.yaml").write_text(away)
    done = run("copy", "old.yaml", "new.yaml", directory=tmp_path)
    assert done.returncode == 1
    assert "nothing listens" in done.stderr
    assert list((tmp_path / "new").glob("copy-*.json")) == []


def test_check_tries_each_store_and_says_how_it_is(tmp_path, victoria):
    (tmp_path / "config.yaml").write_text("store:\n  directory: data\n")
    done = run("check", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ok   duckdb: one sample written and read back equal" in done.stdout
    remote = REMOTE.format(url=victoria.url, directory="data", name="x")
    (tmp_path / "config.yaml").write_text(remote)
    done = run("check", directory=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reachable: True" in done.stdout
    (tmp_path / "config.yaml").write_text(remote.replace(victoria.url, "http://127.0.0.1:9"))
    done = run("check", directory=tmp_path)
    assert done.returncode == 1
    assert "FAIL victoriametrics" in done.stdout
