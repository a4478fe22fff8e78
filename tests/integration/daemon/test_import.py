"""History into a real data directory: whole, resumable, and without an incident."""

import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aiops.cli import build
from aiops.collect.runner import create_collector
from aiops.collect.settings import SourceSettings
from aiops.config import default
from aiops.contracts.collector import Collection, Inventory
from aiops.contracts.errors import AiopsError, InputError
from aiops.daemon.clock import SystemClock
from aiops.daemon.history import History, pieces_from, pieces_of
from aiops.daemon.service import Service
from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.series import Batch
from aiops.replay.bundle import read_bundle

STEP = timedelta(minutes=10)
NOW = datetime.fromtimestamp(int(time.time()) // 600 * 600, UTC)
COUNT = 6 * 24 * 10
METRIC = "system.filesystem.utilization"
QUERY = (
    f"SELECT at AS time, 'db' AS asset, '{METRIC}' AS metric, value FROM past "
    "WHERE at > :since AND at <= :until ORDER BY at"
)


def times():
    return [NOW - n * STEP for n in range(COUNT, 0, -1)]


def value(at):
    """Full for an hour, twelve hours ago and five days ago; else nearly empty."""
    hours = (NOW - at) / timedelta(hours=1)
    return 1.0 if 12 <= hours < 13 or 120 <= hours < 121 else 0.2 + 0.001 * (hours % 24)


@pytest.fixture
def settings(tmp_path):
    base = default()
    return replace(
        base,
        store=replace(base.store, directory=str(tmp_path / "data")),
        collect=replace(base.collect, sources=()),
    )


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "assets.csv").write_text("asset,kind\ndb,volume\n")
    (folder / "metrics.csv").write_text(
        f"metric,unit,kind,bad_direction,limit\n{METRIC},1,gauge,up,1\n"
    )
    (folder / "failures.csv").write_text("asset,time,kind\n")
    rows = [f"{at.isoformat()},db,{METRIC},{value(at)}" for at in times()]
    (folder / "samples.csv").write_text("\n".join(["time,asset,metric,value", *rows]) + "\n")
    return read_bundle(folder)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "past.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE past (at text, value float)")
        rows = [(at.replace(tzinfo=None).isoformat(" "), value(at)) for at in times()]
        connection.executemany("INSERT INTO past VALUES (?, ?)", rows)
    connection.close()
    told = {"database": f"sqlite:///{path}", "query": QUERY, "max_rows": 300}
    return SourceSettings("past", "sql", STEP, settings=told)


def ignore(_share):
    pass


def stored(settings):
    """The values of the one series, as the running service reads them."""
    service = Service(settings, settings_path(settings), SystemClock())
    try:
        service.load()
        (info,) = service.ledger.catalogue.all()
        end = int(NOW.timestamp()) * 10**9
        start = end - (COUNT + 6) * int(STEP.total_seconds()) * 10**9
        panel = service.panels.panel(np.array([info.id]), start, end, STEP)
        return panel.values[0][np.isfinite(panel.values[0])]
    finally:
        service.close()


def settings_path(settings):
    return Path(settings.store.directory)


def test_a_bundle_older_than_lateness_is_stored_whole_and_opens_nothing(settings, bundle):
    history = History(settings, NOW)
    pieces = pieces_of(bundle.batch, bundle.inventory, 600 * 10**9, {}, "m", size=500)
    done = history.take("past", pieces, ignore)
    history.close()
    assert (done.samples, done.refused) == (COUNT, {})
    assert done.learned > 1
    assert list(stored(settings)) == pytest.approx([value(at) for at in times()])
    service = Service(settings, settings_path(settings), SystemClock())
    try:
        service.load()
        service.analyse_tick()
        assert service.ledger.incidents(SYSTEM) == []
    finally:
        service.close()


def test_the_same_samples_collected_live_would_have_opened_one(settings, bundle):
    patient = replace(settings, collect=replace(settings.collect, accept_late=timedelta(days=30)))
    service = Service(patient, settings_path(settings), SystemClock())
    try:
        service.load()
        collection = Collection(bundle.batch)
        service.pipeline.collect("past", 600 * 10**9, collection, bundle.inventory, NOW)
        service.analyse_tick()
        assert service.ledger.incidents(SYSTEM)
    finally:
        service.close()


def test_a_bundle_is_not_mixed_into_what_another_source_watches_unless_it_is_said(  # V7
    settings, tmp_path, bundle, monkeypatch
):
    del bundle  # the folder is what is read
    monkeypatch.chdir(tmp_path)
    service = Service(settings, settings_path(settings), SystemClock())
    service.load()
    live = Inventory((Asset("db", "host"),))
    service.pipeline.collect("node", 600 * 10**9, Collection(Batch.empty()), live, NOW)
    service.close()
    config = tmp_path / "config.yaml"
    config.write_text(f"store: {{directory: {settings.store.directory}}}\n")
    told = ["--bundle", str(tmp_path / "bundle"), "--config", str(config)]
    refused = CliRunner().invoke(build(), ["import", "past", *told])
    assert isinstance(refused.exception, InputError)
    assert "db: is watched by the source node" in str(refused.exception)
    for name, more in (("past", ["--into"]), ("node", [])):
        done = CliRunner().invoke(build(), ["import", name, *told, *more])
        assert done.exit_code == 0, done.output
        assert f"{COUNT} samples of 1 series imported" in done.output
    service = Service(settings, settings_path(settings), SystemClock())
    assert service.ledger.asset_sources() == {"db": "node"}  # it may go on pushing
    service.close()


def test_an_import_that_was_cut_off_goes_on_where_it_was(settings, bundle):
    def cut_off(share):
        if share > 0.4:
            raise KeyboardInterrupt

    def pieces(history):
        cursor = history.cursor("past")
        return pieces_of(bundle.batch, bundle.inventory, 600 * 10**9, cursor, "m", size=100)

    history = History(settings, NOW)
    with pytest.raises(KeyboardInterrupt):
        history.take("past", pieces(history), cut_off)
    history.close()
    history = History(settings, NOW)
    rest = history.take("past", pieces(history), ignore)
    again = history.take("past", pieces(history), ignore)
    history.close()
    assert 0 < rest.samples < COUNT
    assert again.samples == 0
    assert len(stored(settings)) == COUNT


def test_a_pull_source_is_read_back_piece_by_piece(settings, source):
    history = History(settings, NOW)
    shares = []
    pieces = pieces_from(source, timedelta(days=11), history.cursor("past"), NOW)
    done = history.take("past", pieces, shares.append)
    again = history.take(
        "past", pieces_from(source, timedelta(days=11), history.cursor("past"), NOW), ignore
    )
    history.close()
    assert (done.samples, again.samples) == (COUNT, 0)
    assert len(shares) > 3
    assert shares == sorted(shares)
    assert list(stored(settings)) == pytest.approx([value(at) for at in times()])


def test_a_file_is_history_from_its_beginning(settings, tmp_path):
    path = tmp_path / "past.csv"
    rows = [f"{at.isoformat()},db,{METRIC},{value(at)}" for at in times()]
    path.write_text("\n".join(["time,asset,metric,value", *rows]) + "\n")
    told = {"path": str(path), "max_bytes": 20_000}
    file = SourceSettings("bench", "file", STEP, settings=told)
    shares = []
    history = History(settings, NOW)
    done = history.take("bench", pieces_from(file, timedelta(days=11), {}, NOW), shares.append)
    again = pieces_from(file, timedelta(days=11), history.cursor("bench"), NOW)
    assert history.take("bench", again, ignore).samples == 0
    history.lead_on("bench")
    history.lead_on("bench")  # where the daemon has read on, nothing moves back
    history.close()
    service = Service(settings, settings_path(settings), SystemClock())
    collector = create_collector(file)
    rest = collector.collect(service.ledger.cursor("bench"), NOW, timedelta(seconds=60))
    service.close()
    assert not len(rest.batch)  # the daemon goes on behind what was imported
    assert (done.samples, done.refused) == (COUNT, {})
    assert len(shares) > 2
    assert list(stored(settings)) == pytest.approx([value(at) for at in times()])


def test_samples_beyond_retention_and_from_the_future_are_left_out(settings, bundle):
    short = replace(settings, store=replace(settings.store, retention=timedelta(days=5)))
    history = History(short, NOW - timedelta(days=1))
    done = history.take(
        "past", pieces_of(bundle.batch, bundle.inventory, 600 * 10**9, {}, "m"), ignore
    )
    history.close()
    assert set(done.refused) == {"beyond_retention", "future"}
    assert done.samples + sum(done.refused.values()) == COUNT


def test_a_running_daemon_and_a_source_without_history_are_told(settings):
    service = Service(settings, settings_path(settings), SystemClock())
    try:
        with pytest.raises(AiopsError, match="another aiops daemon"):
            History(settings, NOW)
    finally:
        service.close()
    with pytest.raises(InputError, match="no history to read"):
        next(pieces_from(SourceSettings("h", "host"), timedelta(days=1), {}, NOW))
