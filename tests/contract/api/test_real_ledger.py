"""The same application over the real ledger on SQLite."""

from datetime import timedelta

import pytest

from aiops.api.access import csrf_of, new_link
from aiops.contracts.collector import Inventory
from aiops.domain.access import Role
from aiops.domain.asset import SYSTEM, Viewer
from aiops.ledger.open import open_ledger
from tests.contract.api.world import NOW, client_of, make_world, serve

WEB = Viewer("web", teams=frozenset({"web"}))


@pytest.fixture
def service():
    made = make_world()
    seed = made.ledger
    ledger = open_ledger("sqlite://", NOW)
    metrics = tuple(seed.metrics_held.values())
    inventory = Inventory(tuple(seed.assets_held), metrics, tuple(seed.limits_held))
    ledger.put_inventory("test", inventory, NOW)
    ledger.catalogue.ids(tuple(info.key for info in seed.series), 60 * 10**9)
    with ledger.begin() as transaction:
        transaction.put_crossings(seed.crossings_held)
        transaction.put_risks(seed.risks_held)
        transaction.put_decisions(seed.decisions_held)
        for incident in seed.incidents_held:
            stored = transaction.put_incident(incident)
            for ticket in seed.tickets_held[incident.key]:
                transaction.put_ticket(stored.key, ticket)
    made.ledger = ledger
    yield made
    ledger.close()


def _signed_in(client, service, viewer, role=Role.OPERATOR):
    secret, link = new_link("ada", role, viewer, NOW)
    service.ledger.put_credential(link)
    assert client.post("/login", data={"link": secret}).status_code == 303
    return csrf_of(client.cookies["aiops_session"])


def test_pages_and_lists_read_from_the_real_ledger(service):
    incident = service.ledger.incidents(SYSTEM)[0]
    with serve(service) as base, client_of(base) as client:
        _signed_in(client, service, SYSTEM)
        board = client.get("/?lang=en").text
        assert f"/incidents/{incident.key}" in board
        for place in (
            "/assets/db-07",
            "/assets/db-07/volume%3A/data",
            f"/incidents/{incident.key}",
        ):
            assert client.get(place).status_code == 200
        told = client.get(f"/api/v1/incidents/{incident.key}").json()
        assert told["incident"]["evidence"]["limit"] == 0.9
        assert [ticket["id"] for ticket in told["tickets"]] == ["42"]
        assert {d["action"] for d in told["decisions"]} == {"open", "send", "withhold"}
        assert len(client.get("/api/v1/series").json()["items"]) == 5


def test_the_real_ledger_shows_a_team_only_its_own(service):
    incident = service.ledger.incidents(SYSTEM)[0]
    with serve(service) as base, client_of(base) as client:
        _signed_in(client, service, WEB)
        assets = client.get("/api/v1/assets").json()["items"]
        assert [asset["key"] for asset in assets] == ["web-01"]
        assert client.get("/api/v1/incidents").json()["items"] == []
        assert client.get(f"/api/v1/incidents/{incident.key}").status_code == 404
        assert client.get(f"/incidents/{incident.key}").status_code == 404
        assert "db-07" not in client.get("/").text


def test_a_session_and_a_used_link_are_remembered_by_the_real_ledger(service):
    secret, link = new_link("ada", Role.VIEWER, SYSTEM, NOW)
    service.ledger.put_credential(link)
    with serve(service) as base, client_of(base) as client, client_of(base) as thief:
        assert client.post("/login", data={"link": secret}).status_code == 303
        assert thief.post("/login", data={"link": secret}).status_code == 401
        service.time = NOW + timedelta(minutes=29)
        assert client.get("/").status_code == 200
        service.time = NOW + timedelta(minutes=58)
        assert client.get("/").status_code == 200
        service.time = NOW + timedelta(minutes=90)
        assert client.get("/").status_code == 401
