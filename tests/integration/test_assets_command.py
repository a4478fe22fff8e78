"""``aiops assets`` over a ledger in which two sources see one host."""

import json
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from aiops import cli
from aiops.collect.sights import Sights
from aiops.contracts.collector import Inventory
from aiops.domain.asset import Asset
from aiops.domain.identity import IdentityKind, identify
from aiops.domain.series import Batch, SeriesKey
from aiops.ledger.open import open_ledger

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command on a ledger where `snmp` sees `db-07` as `10.0.0.7`."""
    config = tmp_path / "config.yaml"
    config.write_text(f"store:\n  directory: {tmp_path}\n")
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", NOW)
    sights = Sights(ledger)
    for source, key in (("node", "db-07"), ("snmp", "10.0.0.7")):
        known = identify(key, IdentityKind.MAC, "00:1b:21:aa:bb:01")
        batch = Batch(
            (SeriesKey(key, "cpu"),), np.zeros(1, np.int32), np.zeros(1, np.int64), np.zeros(1)
        )
        told = Inventory((Asset(key),), identities=known)
        ledger.put_inventory(source, sights.place(source, batch, told, NOW)[1], NOW)
    ledger.close()

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["aiops", "assets", *arguments, "--config", str(config)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, capsys.readouterr()

    return command


def test_one_host_is_listed_once_with_the_sources_that_see_it(run):
    code, told = run()
    assert code == 0
    assert "node, snmp (merged)" in told.out
    assert told.out.splitlines()[-1] == "1 assets"


def test_a_merge_is_explained(run):
    code, told = run("explain", "db-07")
    assert code == 0
    assert "snmp sees 10.0.0.7, which node knows as db-07: both have mac 001b21aabb01" in told.out
    assert "10.0.0.7 of snmp counts for db-07" in run("explain", "10.0.0.7")[1].out


def test_a_split_is_done_and_remembered(run):
    assert run("split", "db-07", "snmp")[0] == 0
    told = json.loads(run("explain", "10.0.0.7", "--json")[1].out)
    assert [(each["source"], each["asset"], each["apart"]) for each in told] == [
        ("snmp", "10.0.0.7", ["db-07"])
    ]
    code, said = run("split", "db-07", "snmp")
    assert code == 2
    assert "snmp does not see db-07" in said.err
