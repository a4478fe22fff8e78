"""Endpoints that hang, drip, redirect, refuse or cut off, over real sockets."""

import socket
import ssl
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from aiops.collect.runner import Collectors
from aiops.collect.settings import SourceSettings
from aiops.contracts.errors import Unreachable
from collectors.prometheus import PLUGIN
from tests.certificates import make_certificates
from tests.integration.collect.serving import serve
from tests.ports import free_port
from tests.waiting import wait_for

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def _now():
    return datetime.now(UTC)


def _never_answer(client, stop):
    stop.wait()


def _drip_headers(client, stop):
    client.sendall(_HEAD)
    while not stop.wait(0.05):
        client.sendall(b"X-More: 1\r\n")


def _drip_body(client, stop):
    client.sendall(_HEAD + b"\r\n")
    while not stop.wait(0.05):
        client.sendall(b"a")


def _promise_ten_gigabytes(client, stop):
    client.sendall(_HEAD + b"Content-Length: 10000000000\r\n\r\na 1\n")
    stop.wait()


def _close_at_half(client, stop):
    client.sendall(_HEAD + b"Content-Length: 100\r\n\r\na 1\nb 2\n")


def _endless_body(client, stop):
    client.sendall(_HEAD + b"\r\n")
    while not stop.is_set():
        client.sendall(b"a 1\n" * 10_000)


@contextmanager
def _listening(behave):
    """A server whose every connection behaves like that; yields its address."""
    stop = threading.Event()

    def answer(client):
        with client, suppress(OSError):
            client.recv(65536)
            behave(client, stop)

    def accept(server):
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=answer, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/metrics"
        finally:
            stop.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


def _kind(url, seconds=60, **settings):
    collector = PLUGIN.create(PLUGIN.settings(url=url, **settings))
    with pytest.raises(Unreachable) as caught:
        collector.collect({}, _now(), timedelta(seconds=seconds))
    return caught.value.kind


@pytest.mark.parametrize(
    "behave", [_never_answer, _drip_headers, _drip_body, _promise_ten_gigabytes]
)
def test_a_target_that_does_not_finish_is_ended_at_the_deadline(behave):
    with _listening(behave) as url:
        assert _kind(url, seconds=0.5) == "timeout"


def test_a_target_that_closes_too_early_is_told():
    with _listening(_close_at_half) as url:
        assert _kind(url) == "truncated"


def test_an_endless_body_is_ended_at_the_limit():
    with _listening(_endless_body) as url:
        assert _kind(url, max_body_bytes=1_000_000) == "limit"


def test_a_redirect_is_not_followed():
    with (
        serve(b"a 1\n") as other,
        serve(b"", {"Location": other}, status=301) as url,
    ):
        assert _kind(url) == "redirect"


@pytest.mark.parametrize(("status", "kind"), [(401, "auth"), (429, "throttled"), (503, "http")])
def test_an_error_status_has_its_word(status, kind):
    with serve(b"a 1\n", status=status) as url:
        assert _kind(url) == kind


def test_the_wait_that_a_target_asks_for_is_passed_on():
    with serve(b"", {"Retry-After": "86400"}, status=429) as url:
        collector = PLUGIN.create(PLUGIN.settings(url=url))
        with pytest.raises(Unreachable, match="86400 s") as caught:
            collector.collect({}, _now(), timedelta(seconds=60))
    assert caught.value.retry_after == 86_400


def test_a_closed_port_and_a_name_that_is_none_have_their_words():
    assert _kind(f"http://127.0.0.1:{free_port()}/metrics") == "refused"
    assert _kind("http://no-such-host.invalid/metrics") == "dns"


def test_plain_http_behind_https_is_a_tls_error():
    with serve(b"a 1\n") as url:
        assert _kind(url.replace("http:", "https:")) == "tls"


def test_an_expired_certificate_is_a_tls_error_and_says_so(tmp_path):  # P11
    files = make_certificates(tmp_path, ends=timedelta(hours=-1))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files["cert"], files["key"])
    with serve(b"a 1\n", tls=context) as url:
        collector = PLUGIN.create(PLUGIN.settings(url=url, ca_file=files["ca"]))
        with pytest.raises(Unreachable, match="expired") as caught:
            collector.collect({}, _now(), timedelta(seconds=60))
    assert caught.value.kind == "tls"


_HUNG = [_never_answer, _drip_headers, _drip_body, _promise_ten_gigabytes] * 3


@contextmanager
def _collecting(urls, deadline=None):
    """Collectors of hung targets and of this host, and how often each has delivered."""
    delivered = Counter()
    interval = timedelta(seconds=1)
    sources = [
        SourceSettings(f"hung-{i}", "prometheus", interval, deadline, settings={"url": url})
        for i, url in enumerate(urls)
    ]
    sources.append(SourceSettings("healthy", "host", interval))
    began = _now(), time.monotonic()
    collectors = Collectors(sources, lambda name, *_: delivered.update([name]), *began)
    yield collectors, delivered
    collectors.close()


def _ticked(collectors):
    collectors.tick(_now(), time.monotonic())
    return {status.name: status for status in collectors.statuses()}


def test_hung_targets_delay_no_healthy_source():
    with ExitStack() as hanging:
        urls = hanging.enter_context(_many(_HUNG))
        with _collecting(urls, deadline=timedelta(minutes=10)) as (collectors, delivered):
            wait_for(lambda: _ticked(collectors) and delivered["healthy"] >= 3)
            statuses = _ticked(collectors)
            assert all(statuses[f"hung-{i}"].running_since for i in range(len(_HUNG)))
            assert delivered.keys() == {"healthy"}
            hanging.close()  # else the end would wait for them


def test_hung_targets_are_given_up_at_their_deadline_and_asked_again():
    def given_up_twice():
        told = _ticked(collectors)
        hung = [status for name, status in told.items() if name != "healthy"]
        return hung if all(status.failures >= 2 for status in hung) else None

    with _many(_HUNG) as urls, _collecting(urls) as (collectors, delivered):
        hung = wait_for(given_up_twice)
        assert {status.error_kind for status in hung} == {"timeout"}
        assert delivered.keys() == {"healthy"}


@contextmanager
def _many(behaviours):
    if not behaviours:
        yield []
        return
    with _listening(behaviours[0]) as url, _many(behaviours[1:]) as urls:
        yield [url, *urls]


def test_series_that_come_and_go_do_not_fill_the_memory():
    with _listening(_new_names_each_time()) as url:
        collector = PLUGIN.create(PLUGIN.settings(url=url, asset="it"))
        sizes = []
        for _ in range(15):
            batch = collector.collect({}, _now(), timedelta(seconds=60)).batch
            assert len(batch) == 1000
            sizes.append(len(batch.series))
    assert max(sizes) <= 9_000  # 15,000 names have been seen


def _new_names_each_time():
    visits = iter(range(1000))

    def behave(client, stop):
        visit = next(visits)
        client.sendall(_HEAD + b"\r\n" + b"".join(b"m%d_%d 1\n" % (visit, i) for i in range(1000)))

    return behave


def test_a_resolver_that_hangs_is_left_behind_at_the_deadline(monkeypatch):
    looked_up, answer = [], threading.Event()

    def hang(*args):
        looked_up.append(threading.current_thread())
        answer.wait(120)
        raise OSError("too late")

    # A name server that never answers cannot be had without the host's own settings.
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    assert _kind("http://somewhere.invalid/metrics", seconds=0.2) == "timeout"
    assert looked_up[0].is_alive()
    assert looked_up[0].daemon
    answer.set()
    looked_up[0].join(120)
    assert not looked_up[0].is_alive()


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "100.100.100.200"])
def test_a_name_that_leads_to_a_metadata_service_is_never_visited(monkeypatch, address):
    # A name server that answers so cannot be had without the host's own settings; of several
    # answers one is enough, for the next look-up may give them in another order.
    with serve(b"a 1\n") as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        told = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: told)
        opened = []
        monkeypatch.setattr(socket.socket, "connect", lambda _, to: opened.append(to))
        assert _kind(f"http://rebinding.example:{port}/metrics") == "limit"
        assert opened == []
        monkeypatch.undo()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: told[:1])
        collector = PLUGIN.create(PLUGIN.settings(url=f"http://name.example:{port}/metrics"))
        assert len(collector.collect({}, _now(), timedelta(seconds=60)).batch)
