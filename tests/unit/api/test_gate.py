import pytest
from fastapi import Request
from starlette.exceptions import HTTPException

from aiops.api.gate import check_origin, from_loopback, host_is_known
from aiops.api.paging import Cursors
from aiops.api.v1.panels import MAX_POINTS, fitting_step


def _request(client=("127.0.0.1", 1), **headers: str) -> Request:
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return Request({"type": "http", "method": "POST", "client": client, "headers": raw})


@pytest.mark.parametrize(
    ("client", "here"),
    [
        (("127.0.0.1", 1), True),
        (("::1", 1), True),
        (("127.8.0.9", 1), True),
        (("192.0.2.1", 1), False),
        (("unix", 1), False),
        (None, False),
    ],
)
def test_only_loopback_addresses_are_this_host(client, here):
    assert from_loopback(_request(client)) is here


def test_what_a_proxy_forwards_is_not_from_this_host():
    assert not from_loopback(_request(x_forwarded_for="127.0.0.1"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin", "host": "h:1", "origin": "http://h:1"},
        {"sec_fetch_site": "none"},
        {"host": "h:1", "origin": "https://h:1"},
    ],
)
def test_a_change_from_the_own_pages_or_from_a_program_passes(headers):
    check_origin(_request(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"host": "h:1", "origin": "http://h:2"},
        {"host": "h:1", "origin": "null"},
        {"host": "h:1", "origin": "http://h:1.evil.example"},
        {"sec_fetch_site": "same-origin", "host": "h", "origin": "http://evil.example"},
    ],
)
def test_a_change_from_elsewhere_is_refused(headers):
    with pytest.raises(HTTPException):
        check_origin(_request(**headers))


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost:8420", True),
        ("[::1]:8420", True),
        ("LOCALHOST", True),
        ("ops.example", True),
        ("aiops.example:443", True),
        ("ops.example.evil", False),
        ("localhost@evil", False),
        ("localhost:99999999", False),
        ("localhost\n", False),
        ("", False),
    ],
)
def test_a_host_is_known_by_its_whole_name(host, known):
    assert host_is_known(host, frozenset({"ops.example"}), "https://aiops.example/x") is known


def test_a_cursor_of_another_key_is_refused():
    assert Cursors(b"a").read(Cursors(b"a").write(7)) == 7
    with pytest.raises(HTTPException):
        Cursors(b"b").read(Cursors(b"a").write(7))


@pytest.mark.parametrize("series", [1, 10, 999, 2500])
def test_a_panel_never_has_more_points_than_allowed(series):
    second = 10**9
    for span in (60, 86_400, 400 * 86_400):
        step = fitting_step(series, 0, span * second, second)
        if step is not None:
            assert (span * second // step + 2) * series <= MAX_POINTS
            assert step >= second
