"""Every route, without, with a wrong, an expired and each role's token; compared with a file."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from aiops.api.access import Permission
from aiops.api.app import create_app
from aiops.api.gate import Gate
from aiops.contracts.errors import PluginError
from aiops.domain.access import Role
from tests.contract.api.world import EVERYTHING, client_of, make_world, serve

EXPECTED = Path(__file__).parent / "route_matrix.json"
QUERY = {
    "/api/v1/panels": "?ids=0&start=2026-11-24T00:00:00Z&end=2026-11-24T01:00:00Z",
    "/api/v1/records": "?asset=web-01",
}


def _routes(service):
    found = []
    for route in create_app(service).routes:
        found.extend((method, route.path) for method in sorted(route.methods))
    return found


def _place(path: str, service) -> str:
    key = service.ledger.incidents_held[0].key
    filled = path.replace("/incidents/{key}", f"/incidents/{key}")
    filled = filled.replace("/runs/{key}", "/runs/r1").replace(
        "/survey/{key}", f"/survey/good-{key}"
    )
    filled = filled.replace("/verdict/{key}", f"/verdict/good-{key}")
    return filled.replace("{key:path}", "web-01").replace("{name}", "app.css")


def test_who_may_call_what_is_exactly_what_the_file_says():
    service = make_world()
    expired = service.token(ttl=timedelta(0))
    tokens = {"none": "", "wrong": "aiops_" + "x" * 43, "expired": expired}
    for role in Role:
        tokens[role.value] = service.token(role)
    matrix: dict[str, dict[str, int]] = {}
    with serve(service) as base:
        for method, path in _routes(service):
            row = matrix.setdefault(f"{method} {path}", {})
            for who, token in tokens.items():
                with client_of(base, token) as client:
                    # a body no route takes: who gets past the gate sees 4xx other than 401, 403
                    sent = {"json": {"action": "nothing"}} if method == "POST" else {}
                    url = _place(path, service) + QUERY.get(path, "")
                    row[who] = client.request(method, url, **sent).status_code
    assert service.orders == []
    assert service.automation.orders == []
    assert matrix == json.loads(EXPECTED.read_text()), json.dumps(matrix, indent=1)


def test_the_openapi_document_lists_only_routes_of_the_gate():
    service = make_world()
    app = create_app(service)
    known = set(_routes(service))
    described = {
        (method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item
    }
    normal = {(m, p.replace(":path", "")) for m, p in known}
    assert described <= normal
    assert ("GET", "/api/v1/incidents") in described


def test_a_route_added_past_the_gate_fails_at_start():
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    gate = Gate(app, make_world())
    gate.add("GET", "/good", Permission.READ, lambda: None)
    gate.check_routes(list(app.routes))
    app.add_api_route("/forgotten", lambda: None)
    with pytest.raises(PluginError, match="/forgotten declares no permission"):
        gate.check_routes(list(app.routes))


def test_a_route_needs_a_permission_argument():
    gate = Gate(FastAPI(), make_world())
    with pytest.raises(TypeError):
        gate.add("GET", "/x", lambda: None)  # type: ignore[call-arg]


def test_the_document_of_the_api_needs_a_session_or_token():
    service = make_world()
    with serve(service) as base:
        with client_of(base) as client:
            assert client.get("/api/openapi.json").status_code == 401
            assert client.get("/docs").status_code == 404
        with client_of(base, service.token(viewer=EVERYTHING)) as client:
            assert client.get("/api/openapi.json").json()["openapi"].startswith("3.")


def test_the_guide_names_every_route_of_the_api():
    guide = (Path(__file__).parents[3] / "docs/guide/pages-and-api.md").read_text("utf-8")
    routes = {path.replace(":path", "") for _, path in _routes(make_world())}
    assert not sorted(path for path in routes if path.startswith("/api/") and path not in guide)
