"""What an agent is told at the door, before any receiver sees its body."""

import base64
import gzip
from datetime import timedelta

import pytest

from aiops.api.access import new_agent_token
from aiops.contracts.errors import Refused, StoreError, Unavailable
from tests.contract.api.world import client_of, make_world, serve

PATHS = ["/write", "/api/v2/write", "/api/v1/write", "/v1/metrics", "/collectd"]


@pytest.fixture
def world():
    service = make_world()
    secret, credential = new_agent_token("a", "site-a", service.time, timedelta(hours=1))
    service.ledger.put_credential(credential)
    with serve(service) as base, client_of(base) as client:
        yield service, client, secret


def basic(secret: str) -> str:
    return "Basic " + base64.b64encode(f"agent:{secret}".encode()).decode()


@pytest.mark.parametrize("path", PATHS)
def test_the_token_names_the_source_whichever_way_it_is_sent(world, path):
    service, client, secret = world
    for told in (f"Bearer {secret}", f"Token {secret}", basic(secret)):
        answer = client.post(path, content=b"x", headers={"Authorization": told})
        assert answer.status_code == 204
    assert [source for _, source, _ in service.pushed] == ["site-a"] * 3
    for _, _, push in service.pushed:
        assert secret not in str(push.headers)


@pytest.mark.parametrize("told", ["Basic !!!", "Basic " + "eA==", "Digest x", "Bearer"])
def test_what_is_no_token_is_asked_for_one_as_libcurl_needs_it(world, told):
    service, client, _ = world
    answer = client.post("/write", content=b"x", headers={"Authorization": told})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert service.pushed == []


@pytest.mark.parametrize("name", ["u", "p", "token", "access_token"])
def test_a_credential_in_the_address_is_refused(world, name):
    service, client, secret = world
    headers = {"Authorization": f"Bearer {secret}"}
    answer = client.post("/write", params={name: secret}, content=b"x", headers=headers)
    assert answer.status_code == 400
    assert secret not in answer.text
    assert service.pushed == []


@pytest.mark.parametrize(
    ("error", "status", "wait"),
    [
        (Unavailable("the store is down", 7.0), 503, "7"),
        (Unavailable("starting"), 503, "5"),
        (StoreError("the disk is full"), 503, "5"),
        (Refused("configured otherwise"), 403, None),
    ],
)
def test_what_is_not_durable_is_to_be_sent_again_and_what_is_refused_is_not(
    world, monkeypatch, error, status, wait
):
    service, client, secret = world

    def fail(*_):
        raise error

    monkeypatch.setattr(service, "push", fail)
    answer = client.post("/write", content=b"x", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, wait)


def test_a_body_is_unzipped_once_and_within_its_limits(world):
    service, client, secret = world
    client.headers["Authorization"] = f"Bearer {secret}"

    def send(body, encoding="gzip"):
        return client.post("/write", content=body, headers={"Content-Encoding": encoding})

    assert send(gzip.compress(b"m v=1")).status_code == 204
    assert service.pushed[-1][2].body == b"m v=1"
    assert send(gzip.compress(b"\0" * (41 << 20))).status_code == 413
    assert send(gzip.compress(b"\0" * (5 << 20))).status_code == 413  # shrinks too far
    assert send(gzip.compress(b"m v=1")[:-5]).status_code == 400
    assert send(gzip.compress(b"m v=1") + b"more").status_code == 400
    assert send(gzip.compress(gzip.compress(b"m v=1"))).status_code == 415
    assert send(b"not gzip").status_code == 400
    for encoding in ("br", "deflate", "gzip, gzip", "snappy"):
        assert send(b"x", encoding).status_code == 415
    assert len(service.pushed) == 1
