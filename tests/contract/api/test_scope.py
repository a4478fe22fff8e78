"""Two teams: no answer holds anything of the other one."""

from aiops.domain.access import Role
from aiops.domain.asset import Viewer
from tests.contract.api.world import client_of, make_world, serve

DBA = Viewer("dba", teams=frozenset({"dba"}))
WEB = Viewer("web", teams=frozenset({"web"}))
LISTS = ("assets", "series", "risks", "forecasts", "incidents", "decisions", "tickets")


def test_lists_hold_only_what_the_viewer_may_see():
    service = make_world()
    with serve(service) as base:
        for viewer, own, foreign in ((DBA, "db-07", "web-01"), (WEB, "web-01", "db-07")):
            with client_of(base, service.token(Role.OPERATOR, viewer)) as client:
                pages = {name: client.get(f"/api/v1/{name}").text for name in LISTS}
                pages["board"] = client.get("/").text
            assert own in pages["assets"]
            assert own in pages["board"]
            assert not [name for name, text in pages.items() if foreign in text]


def test_foreign_things_are_not_there_by_their_ids():
    service = make_world()
    incident = service.ledger.incidents_held[0].key
    hour = "start=2026-11-24T00:00:00Z&end=2026-11-24T01:00:00Z"
    hidden = [
        "/api/v1/assets/db-07",
        "/api/v1/assets/db-07/volume:/data",
        "/api/v1/series?asset=db-07",
        f"/api/v1/panels?ids=0&{hour}",
        f"/api/v1/panels?ids=3,0&{hour}",
        "/api/v1/forecasts?series=0",
        f"/api/v1/incidents/{incident}",
        f"/api/v1/tickets?incident={incident}",
        "/assets/db-07",
        f"/incidents/{incident}",
    ]
    with serve(service) as base, client_of(base, service.token(Role.OPERATOR, WEB)) as client:
        seen = {path: client.get(path).status_code for path in hidden}
        order = {"action": "close"}
        acted = client.post(f"/api/v1/incidents/{incident}/actions", json=order).status_code
        own = client.get(f"/api/v1/panels?ids=3&{hour}").status_code
    assert set(seen.values()) == {404}, seen
    assert (acted, own) == (404, 200)
    assert service.orders == []


def test_hidden_and_missing_get_the_same_answer():
    service = make_world()
    with serve(service) as base, client_of(base, service.token(Role.VIEWER, WEB)) as client:
        hidden = client.get("/api/v1/assets/db-07")
        missing = client.get("/api/v1/assets/no-such-thing")
    assert hidden.content == missing.content
