import io
import json
import socket

import numpy as np
import pytest

from tests.contract.api.world import client_of, make_world, serve

PANELS = "/api/v1/panels?ids=0&"


@pytest.fixture(scope="module")
def service():
    return make_world()


@pytest.fixture(scope="module")
def base(service):
    with serve(service) as address:
        yield address


@pytest.fixture
def client(base, service):
    with client_of(base, service.token()) as made:
        yield made


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"action": "close", "action": "false"}',
        b'{"action": "close", "note": NaN}',
        b"[" * 100_000,
        b'{"action": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
    ],
    ids=["cut", "twice", "nan", "deep", "digits", "bytes"],
)
def test_what_is_no_strict_json_is_refused(client, service, body):
    key = service.ledger.incidents_held[0].key
    answer = client.post(
        f"/api/v1/incidents/{key}/actions",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_large_body_is_refused_with_and_without_its_length(client, service):
    key = service.ledger.incidents_held[0].key
    url = f"/api/v1/incidents/{key}/actions"
    headers = {"Content-Type": "application/json"}
    large = b" " * (10 * 2**20 + 1)
    assert client.post(url, content=large, headers=headers).status_code == 413
    parts = (large[:65536] for _ in range(161))
    assert client.post(url, content=parts, headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"action": "explode"}, "action"),
        ({"action": "close", "role": "admin"}, "role"),
        ({"note": "x"}, "action"),
        ({"action": None}, "action"),
        ({"action": "close", "note": "x" * 4001}, "note"),
        ([], "body"),
    ],
)
def test_a_wrong_field_is_named(client, service, order, field):
    key = service.ledger.incidents_held[0].key
    answer = client.post(f"/api/v1/incidents/{key}/actions", json=order)
    assert answer.status_code == 422
    assert field in answer.json()["detail"]
    assert service.orders == []


def test_a_form_is_no_json(client, service):
    key = service.ledger.incidents_held[0].key
    assert (
        client.post(f"/api/v1/incidents/{key}/actions", data={"action": "close"}).status_code == 415
    )


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=0",
        "limit=1000000000",
        "limit=x",
        "unknown=1",
        "limit=9999999999999999999999",
    ],
)
def test_a_wrong_query_is_refused(client, query):
    for name in ("assets", "incidents", "risks", "series", "decisions", "tickets", "forecasts"):
        answer = client.get(f"/api/v1/{name}?{query}")
        assert answer.status_code == 422
        assert query.partition("=")[0] in answer.json()["detail"]


@pytest.mark.parametrize("cursor", ["x", "MS4", "MTAwLkFBQUFBQUFBQUFBQUFBQUE=", "%00", "é"])
def test_a_forged_cursor_is_refused(client, cursor):
    assert client.get(f"/api/v1/assets?cursor={cursor}").status_code == 400


def test_cursors_lead_through_a_list_without_gap_or_repeat(client):
    seen, cursor = [], ""
    for _ in range(10):
        page = client.get("/api/v1/assets", params={"limit": 1, "cursor": cursor}).json()
        seen += [item["key"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["db-07", "db-07/volume:/data", "edge-12", "web-01"]


@pytest.mark.parametrize(
    "key", ["' OR 1=1--", "%00", "..%2f..%2fetc%2fpasswd", "x" * 5000, "db-0７", "{{7*7}}"]
)
def test_an_odd_id_is_not_found(client, key):
    assert client.get(f"/api/v1/assets/{key}").status_code == 404
    assert client.get(f"/assets/{key}").status_code == 404
    assert client.get(f"/incidents/{key}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "start=2026-11-24T01:00:00Z&end=2026-11-24T00:00:00Z",
        "start=2026-11-24T01:00:00Z&end=2026-11-24T01:00:00Z",
        "start=yesterday&end=2026-11-24T00:00:00Z",
        "start=2026-11-23T00:00:00&end=2026-11-24T00:00:00",
        "start=2026-11-23T00:00:00Z&end=10000-01-01T00:00:00Z",
        "start=2026-11-23T23:59:60Z&end=2026-11-24T00:00:00Z",
        "start=2026-11-23T00:00:00Z&end=2026-11-24T00:00:00Z&step=0",
        "start=2026-11-23T00:00:00Z&end=2026-11-24T00:00:00Z&format=pickle",
    ],
)
def test_a_time_range_that_makes_no_sense_is_refused(client, query):
    assert client.get(PANELS + query).status_code == 422


def test_a_long_range_is_thinned_and_says_so(client):
    answer = client.get(
        PANELS + "start=1970-01-02T00:00:00Z&end=2069-12-31T00:00:00Z&step=1"
    ).json()
    assert answer["downsampled"] is True
    assert len(answer["times"]) <= 10_000
    assert answer["step_seconds"] >= 86_400


def test_a_missing_value_is_null_in_json_and_nan_in_npy(client):
    query = PANELS + "start=2026-11-24T16:00:00Z&end=2026-11-24T18:00:00Z&step=60"
    text = client.get(query).text
    assert "NaN" not in text
    values = json.loads(text)["columns"][0]["values"]
    assert values[0] is not None
    assert values[-1] is None
    raw = client.get(query + "&format=npy")
    table = np.load(io.BytesIO(raw.content), allow_pickle=False)
    assert table.shape == (2, len(values))
    assert np.isnan(table[1, -1])
    assert raw.headers["x-downsampled"] == "false"


def _raw(base: str, request: bytes) -> bytes:
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        parts = b""
        while part := connection.recv(65536):
            parts += part
    return parts.partition(b"\r\n")[0]


@pytest.mark.parametrize("host", ["x/livez?", "evil.example", "127.0.0.1/livez", "127.0.0.1:x", ""])
def test_a_foreign_host_header_is_refused_everywhere(base, service, host):
    token = service.token().encode()
    for path in (b"/", b"/livez", b"/api/v1/assets", b"/metrics", b"/static/app.css"):
        request = (
            b"GET " + path + b" HTTP/1.1\r\nHost: " + host.encode() + b"\r\n"
            b"Authorization: Bearer " + token + b"\r\nConnection: close\r\n\r\n"
        )
        assert b" 400 " in _raw(base, request)


@pytest.mark.parametrize(
    "lines",
    [
        b"Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n",
        b"Host: 127.0.0.1\r\nContent-Length: -1\r\n",
        b"Host: 127.0.0.1\r\nX: " + b"y" * 2**20 + b"\r\n",
    ],
)
def test_a_malformed_request_is_refused_and_the_next_one_served(base, lines):
    head = b"GET /api/v1/assets HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n"
    try:
        line = _raw(base, head)
    except OSError:  # closed before it had read everything: refused as well
        line = b"HTTP/1.1 400 closed"
    assert b" 4" in line
    assert b" 200 " not in line
    with client_of(base) as next_one:
        assert next_one.get("/livez").status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(client, method):
    answer = client.request(method, "/api/v1/assets", headers={"X-HTTP-Method-Override": "GET"})
    assert answer.status_code == 405


def test_every_answer_carries_the_security_headers(client):
    for path in ("/", "/api/v1/assets", "/static/app.js", "/nothing", "/livez"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_metrics_are_open_on_this_host_only_and_a_proxy_is_not_this_host(base, service):
    with client_of(base) as bare:
        assert bare.get("/metrics").status_code == 200
        for forwarded in ("127.0.0.1", "203.0.113.9, 127.0.0.1"):
            answer = bare.get("/metrics", headers={"X-Forwarded-For": forwarded})
            assert answer.status_code == 401
    with client_of(base, service.token()) as client:
        assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).is_success
