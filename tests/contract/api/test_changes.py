"""Changes over HTTP, with a real ledger behind it where one is written."""

import sys

import pytest

from aiops import cli
from aiops.contracts.collector import Inventory
from aiops.domain.access import Role
from aiops.domain.asset import SYSTEM, Asset, Viewer
from aiops.ledger.open import open_ledger
from tests.contract.api.world import NOW, client_of, make_world, serve

BODY = {"asset": "db-07", "from": "2026-11-25T10:00:00Z", "to": "2026-11-25T12:00:00Z"}
WEB = Viewer("web", teams=frozenset({"web"}))


def test_a_planned_change_is_weighed_and_nothing_is_recorded():
    service = make_world()
    with serve(service) as base, client_of(base, service.token(Role.OPERATOR)) as client:
        found = client.post("/api/v1/changes/assess", json=BODY).json()
        page = client.get("/changes?asset=db-07&from=2026-11-25T10:00&to=2026-11-25T12:00").text
    assert found["level"] == "high"
    assert [i["number"] for i in found["open_incidents"]] == [12]
    assert len(found["safest"]) == 3
    assert "an incident is open on what it touches" in page
    assert len(service.ledger.changes_held) == 2


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"asset": "web-99"}, 404),
        ({"asset": "", "service": "nothing"}, 404),
        ({"service": "billing"}, 422),
        ({"asset": ""}, 422),
        ({"to": "2026-11-25T09:00:00Z"}, 422),
        ({"to": "2027-11-25T09:00:00Z"}, 422),
        ({"from": "yesterday"}, 422),
        ({"by": "somebody else"}, 422),
    ],
)
def test_what_cannot_be_weighed_is_told(change, status):
    service = make_world()
    with serve(service) as base, client_of(base, service.token(Role.OPERATOR)) as client:
        for path in ("/api/v1/changes", "/api/v1/changes/assess"):
            assert client.post(path, json={**BODY, **change}).status_code == status


def test_a_foreign_asset_is_not_there_and_its_changes_are_not_listed():
    service = make_world()
    with serve(service) as base, client_of(base, service.token(Role.OPERATOR, WEB)) as client:
        assert client.post("/api/v1/changes/assess", json=BODY).status_code == 404
        assert client.get("/api/v1/changes").json() == {"items": []}
        assert "billing 2.4" not in client.get("/changes").text


def test_a_change_is_recorded_listed_and_weighed_by_the_command(tmp_path, monkeypatch, capsys):
    config = tmp_path / "config.yaml"
    config.write_text(f"store: {{directory: {tmp_path}}}\n")
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", NOW)
    ledger.put_inventory("s", Inventory(assets=(Asset("db-07", service="shop"),)), NOW)
    when = ["--from", "2026-11-25T10:00", "--to", "2026-11-25T12:00"]

    def run(*words, code=0):
        monkeypatch.setattr(sys, "argv", ["aiops", "change", *words, "--config", str(config)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        captured = capsys.readouterr()
        assert left.value.code == code, captured.err
        return captured.out + captured.err

    assert run("record", *when, "--asset", "db-07", "--kind", "deploy").startswith("recorded: ")
    (change,) = ledger.changes(SYSTEM, NOW, NOW.replace(year=2027))
    assert (change.asset, change.kind, change.by) == ("db-07", "deploy", "command line")
    assert [row.what for row in ledger.audit_rows()] == ["record change"]
    ledger.close()
    assert "deploy of db-07" in run("list", *when)
    told = run("assess", *when, "--service", "shop")
    assert told.startswith("risk low: 0%")
    assert "because: other change" in told
    assert "there is no asset x" in run("assess", *when, "--asset", "x", code=2)
    assert "either" in run("assess", *when, code=2)
