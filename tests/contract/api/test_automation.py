"""What people say to runs, over HTTP."""

from aiops.domain.access import Role
from aiops.domain.asset import Viewer
from tests.contract.api.world import client_of, make_world, serve

WEB = Viewer("web", teams=frozenset({"web"}))


def test_an_approver_says_yes_to_the_digest_that_was_shown():
    service = make_world()
    with serve(service) as base, client_of(base, service.token(Role.APPROVER)) as client:
        shown = client.get("/api/v1/runs?state=proposed").json()["items"][0]
        path = f"/api/v1/runs/{shown['id']}/approve"
        told = client.post(path, json={"digest": shown["digest"]})
        more = client.post(path, json={"digest": shown["digest"], "who": "bo"})
    assert (told.status_code, more.status_code) == (200, 422)
    assert service.automation.orders == [("approve", "r1", shown["digest"], "test")]


def test_a_run_of_a_foreign_asset_is_not_there():
    service = make_world()
    incident = service.ledger.incidents_held[0].key
    with serve(service) as base, client_of(base, service.token(Role.ADMIN, WEB)) as client:
        assert client.get("/api/v1/runs").json()["items"] == []
        assert client.get("/api/v1/runs/r1").status_code == 404
        digest = {"digest": "cd" * 32}
        assert client.post("/api/v1/runs/r1/approve", json=digest).status_code == 404
        body = {"incident": incident, "runbook": "vacuum-journal"}
        assert client.post("/api/v1/runs", json=body).status_code == 404
    assert service.automation.orders == []


def test_a_person_asks_for_a_run_and_for_one_that_does_not_exist():
    service = make_world()
    incident = service.ledger.incidents_held[0].key
    with serve(service) as base, client_of(base, service.token(Role.OPERATOR)) as client:
        body = {"incident": incident, "runbook": "vacuum-journal"}
        assert client.post("/api/v1/runs", json=body).status_code == 200
        assert client.post("/api/v1/runs", json={**body, "runbook": "x"}).status_code == 404
        assert client.post("/api/v1/automation/halt", json={"note": "stop"}).status_code == 200
        assert client.post("/api/v1/automation/resume", json={}).status_code == 403
    assert [order[0] for order in service.automation.orders] == ["ask", "halt"]
