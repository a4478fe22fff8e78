"""Silences over HTTP: whose they are, and what is refused."""

from datetime import timedelta

import pytest

from aiops.domain.access import Role
from aiops.domain.asset import Viewer
from tests.contract.api.world import NOW, client_of, make_world, serve

UNTIL = (NOW + timedelta(hours=2)).isoformat()
DBA = Viewer("bob", teams=frozenset({"dba"}))


@pytest.fixture(scope="module")
def world():
    service = make_world()
    with serve(service) as base:
        yield service, base


def test_a_silence_is_begun_listed_and_ended_with_its_reason(world):
    service, base = world
    with client_of(base, service.token(Role.OPERATOR, DBA)) as client:
        body = {"match": "db-07", "until": UNTIL, "reason": "migration"}
        begun = client.post("/api/v1/silences", json=body)
        assert begun.status_code == 201
        assert begun.json()["by"] == "test"
        (listed,) = client.get("/api/v1/silences").json()["items"]
        assert listed == begun.json()
        assert client.delete(f"/api/v1/silences/{listed['id']}").status_code == 200
        assert client.get("/api/v1/silences").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, 422),
        ({"until": "2030-01-01T00:00:00"}, 422),
        ({"reason": ""}, 422),
        ({"match": "*"}, 403),
        ({"match": "web-01"}, 403),
        ({"more": 1}, 422),
    ],
)
def test_what_is_past_unreasoned_or_not_yours_is_refused(world, change, status):
    service, base = world
    with client_of(base, service.token(Role.OPERATOR, DBA)) as client:
        body = {"match": "db-07", "until": UNTIL, "reason": "migration", **change}
        assert client.post("/api/v1/silences", json=body).status_code == status
    assert service.silences_held == []


def test_another_team_sees_no_silence_and_ends_none(world):
    service, base = world
    with client_of(base, service.token()) as client:
        body = {"match": "web-*", "until": UNTIL, "reason": "all"}
        key = client.post("/api/v1/silences", json=body).json()["id"]
    with client_of(base, service.token(Role.OPERATOR, DBA)) as client:
        assert client.get("/api/v1/silences").json()["items"] == []
        assert client.delete(f"/api/v1/silences/{key}").status_code == 404
    service.silences_held.clear()


def test_a_plan_reaches_the_service_with_its_date(world):
    service, base = world
    key = service.ledger.incidents_held[0].key
    with client_of(base, service.token()) as client:
        body = {"action": "plan", "until": UNTIL}
        assert client.post(f"/api/v1/incidents/{key}/actions", json=body).status_code == 200
    assert service.orders[-1].until == NOW + timedelta(hours=2)
