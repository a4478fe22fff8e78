"""``aiops store spool``, ``requeue`` and ``discard`` over a spool that a daemon left behind."""

import pytest
from typer.testing import CliRunner

from aiops.cli import build
from aiops.domain.series import Samples, SeriesKey
from aiops.domain.step import DAY, MINUTE
from aiops.ledger.open import open_ledger
from aiops.store.spool import Spool
from aiops.testing.ledger import NOW
from aiops.testing.panels import MONDAY
from aiops.testing.series_store import samples

CONFIG = """
store:
  directory: {directory}
  series: victoriametrics
  spool_max_bytes: 1000000
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(directory=tmp_path / "data"))
    ledger = open_ledger(f"sqlite:///{made(tmp_path)}/ledger.db", NOW)
    keys = tuple(SeriesKey(f"db-0{k}", "cpu") for k in range(3))
    ledger.catalogue.ids(keys, MINUTE)
    ledger.close()
    spool = Spool(tmp_path / "data" / "spool.db", 250, DAY)
    for k in range(3):
        spool.put(samples((k, k * MINUTE, float(k)), (k, DAY, 9.0)), late=False)
    for seq in (2, 3):
        whole = spool.read([seq])[0]
        refused = whole.values != 9.0
        spool.part(seq, part(whole, ~refused), part(whole, refused), "field type conflict")
    spool.close()
    return path


def made(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def part(whole, mask):
    return Samples(whole.ids[mask], whole.times[mask], whole.values[mask])


def run(*words):
    return CliRunner().invoke(build(), ["store", *map(str, words)])


def test_what_waits_what_is_lost_and_what_is_refused_is_listed(config):
    found = run("spool", "--config", config)
    assert found.exit_code == 0, found.output
    assert found.output.splitlines() == [
        "waiting: 2 samples",
        "lost: 2 samples of db-00 cpu (spool_full)",
        "set aside: 1: 1 samples of db-01 cpu, 2026-01-05T00:01:00Z: field type conflict",
        "set aside: 2: 1 samples of db-02 cpu, 2026-01-05T00:02:00Z: field type conflict",
    ]


def test_a_refused_lot_waits_again_or_is_thrown_away(config, tmp_path):
    assert "1 samples wait again" in run("requeue", 2, "--config", config).output
    assert "1 samples thrown away" in run("discard", "--all", "--config", config).output
    assert run("spool", "--config", config).output.splitlines() == [
        "waiting: 3 samples",
        "lost: 2 samples of db-00 cpu (spool_full)",
        "lost: 1 samples of db-01 cpu (discarded)",
    ]
    spool = Spool(tmp_path / "data" / "spool.db", 1 << 20, DAY)
    rows = sorted(spool.rows.values(), key=lambda row: row.seq)
    again = spool.read([rows[-1].seq])[0]
    assert (again.ids.tolist(), again.times.tolist()) == ([2], [MONDAY + 2 * MINUTE])
    assert rows[-1].late
    spool.close()


def test_a_number_that_is_none_and_no_number_at_all_are_told(config):
    assert "[9]" in run("discard", 9, "--config", config).output
    assert run("discard", 9, "--config", config).exit_code == 2
    assert run("requeue", "--config", config).exit_code == 2
    assert run("requeue", 1, "--all", "--config", config).exit_code == 2
    assert run("spool", "--config", config).output.count("set aside") == 2


def test_a_directory_without_a_spool_holds_nothing(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(directory=made(tmp_path)))
    assert run("spool", "--config", path).output == "waiting: 0 samples\n"
