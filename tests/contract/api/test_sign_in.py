from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from aiops.api.access import csrf_of, digest_of, new_link
from aiops.contracts.errors import StoreError
from aiops.domain.access import Role
from tests.contract.api.world import EVERYTHING, NOW, client_of, make_world, serve


@pytest.fixture
def service():
    return make_world()


@pytest.fixture
def base(service):
    with serve(service) as address:
        yield address


def _link(service, role=Role.OPERATOR):
    secret, credential = new_link("ada", role, EVERYTHING, NOW)
    service.ledger.put_credential(credential)
    return secret


@contextmanager
def _sign_in(service, base, role=Role.OPERATOR) -> Iterator[httpx.Client]:
    with client_of(base) as client:
        answer = client.post("/login", data={"link": _link(service, role)})
        assert answer.status_code == 303
        yield client


def _act(client, service, **headers):
    key = service.ledger.incidents_held[0].key
    order = {"action": "acknowledge"}
    return client.post(f"/api/v1/incidents/{key}/actions", json=order, headers=headers)


def test_opening_a_link_changes_nothing_so_that_a_preview_cannot_use_it_up(service, base):
    secret = _link(service)
    with client_of(base) as client:
        assert client.get("/login", params={"link": secret}).status_code == 200
        assert client.get("/login", params={"link": secret}).status_code == 200
        assert client.post("/login", data={"link": secret}).status_code == 303


def test_a_link_works_once(service, base):
    secret = _link(service)
    with client_of(base) as client:
        assert client.post("/login", data={"link": secret}).status_code == 303
    with client_of(base) as other:
        assert other.post("/login", data={"link": secret}).status_code == 401
        assert not other.cookies


def test_an_old_link_does_not_work(service, base):
    secret = _link(service)
    service.time = NOW + timedelta(minutes=10)
    with client_of(base) as client:
        assert client.post("/login", data={"link": secret}).status_code == 401


def test_the_session_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(service, base):
    with client_of(base) as client:
        cookie = client.post("/login", data={"link": _link(service)}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_with_tls_the_cookie_is_bound_to_this_host():
    from tests.contract.api.world import Serving

    service = make_world(serving=Serving(tls=True))
    with serve(service) as base, client_of(base) as client:
        answer = client.post("/login", data={"link": _link(service)})
        assert answer.headers["set-cookie"].startswith("__Host-aiops=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age" in answer.headers["strict-transport-security"]


def test_a_session_opens_pages_and_ends_when_signed_out(service, base):
    with _sign_in(service, base) as client:
        assert client.get("/").status_code == 200
        secret = client.cookies["aiops_session"]
        assert client.post("/logout").status_code == 303
    with client_of(base) as client:
        client.cookies.set("aiops_session", secret)
        assert client.get("/").status_code == 401


def test_a_session_left_alone_for_half_an_hour_is_over(service, base):
    with _sign_in(service, base) as client:
        service.time = NOW + timedelta(minutes=29)
        assert client.get("/").status_code == 200
        service.time = NOW + timedelta(minutes=58)
        assert client.get("/").status_code == 200
        service.time = NOW + timedelta(minutes=88)
        assert client.get("/").status_code == 401


def test_a_browser_without_a_session_sees_how_to_get_one(base):
    with client_of(base) as client:
        answer = client.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert "admin.token" in answer.text


def test_a_change_by_session_needs_the_token_of_its_page(service, base):
    with _sign_in(service, base) as client:
        assert _act(client, service).status_code == 403
        assert _act(client, service, **{"X-CSRF-Token": "0" * 64}).status_code == 403
        assert service.orders == []
        token = csrf_of(client.cookies["aiops_session"])
        assert token in client.get("/").text
        assert _act(client, service, **{"X-CSRF-Token": token}).status_code == 200
    assert [order.viewer.name for order in service.orders] == ["ada"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_change_sent_by_another_site_is_refused(service, base, headers):
    with _sign_in(service, base) as client:
        token = csrf_of(client.cookies["aiops_session"])
        answer = _act(client, service, **{"X-CSRF-Token": token, **headers})
    assert answer.status_code == 403
    assert service.orders == []


def test_a_bearer_token_needs_no_page_token(service, base):
    with client_of(base, service.token(Role.OPERATOR)) as client:
        assert _act(client, service).status_code == 200


@pytest.mark.parametrize(
    "header",
    ["Basic YWRhOg==", "Bearer", "Bearer x", "bearer eyJhbGciOiJub25lIn0.e30.", "Digest x"],
)
def test_every_wrong_credential_gets_the_same_answer(base, header):
    with client_of(base) as client:
        bare = client.get("/api/v1/assets")
        wrong = client.get("/api/v1/assets", headers={"Authorization": header})
    assert (bare.status_code, bare.content) == (401, wrong.content)
    assert wrong.headers["www-authenticate"] == "Bearer"


def test_a_session_secret_is_no_bearer_token(service, base):
    with _sign_in(service, base) as client:
        secret = client.cookies["aiops_session"]
    with client_of(base, secret) as client:
        assert client.get("/api/v1/assets").status_code == 401


def test_who_may_look_is_let_in_though_the_ledger_cannot_note_it(service, base, monkeypatch):
    token = service.token()

    def full(_credential):
        raise StoreError("database or disk is full")

    monkeypatch.setattr(service.ledger, "put_credential", full)
    with client_of(base, token) as client:
        assert client.get("/api/v1/status").status_code == 200


def test_the_ledger_holds_no_usable_secret(service):
    secret = _link(service)
    assert list(service.ledger.credentials) == [digest_of(secret)]
    assert secret not in repr(service.ledger.credentials)


def test_a_person_may_sign_in_with_a_token_which_stays_usable(service, base):
    token = service.token(Role.VIEWER, ttl=timedelta(hours=1))
    with client_of(base) as client:
        assert client.post("/login", data={"token": token}).status_code == 303
        assert client.get("/").status_code == 200
        service.time = NOW + timedelta(minutes=20)
        assert client.get("/").status_code == 200
        service.time = NOW + timedelta(minutes=40)
        assert client.get("/").status_code == 200
        service.time = NOW + timedelta(minutes=60)  # the token's own end
        assert client.get("/").status_code == 401
    service.time = NOW
    with client_of(base, token) as client:
        assert client.get("/api/v1/assets").status_code == 200
        assert client.post("/login", data={"link": token}).status_code == 401


def test_an_order_is_carried_out_in_the_name_of_the_credential(service, base):
    with _sign_in(service, base) as client:
        token = csrf_of(client.cookies["aiops_session"])
        _act(client, service, **{"X-CSRF-Token": token})
    assert [order.viewer.name for order in service.orders] == ["ada"]
