"""HTTP steps against a real server on loopback."""

import json
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from aiops.automate.runbook import Call, Method, Step
from aiops.contracts.secret import Secret
from aiops.domain.run import RunReason, RunState
from tests.unit.automate.scene import a_runbook, an_incident, device, scene
from tests.waiting import wait_for


@contextmanager
def server(status=200, body=b"fine", headers=(), *, waits=False):
    """A server that answers at once, or not before the test is over."""
    seen, over = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers.get("Content-Length") or 0)
            seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
            if waits:
                over.wait(120)
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def do_GET(self):
            self.do_POST()

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", seen
    finally:
        over.set()
        listening.shutdown()
        listening.server_close()


def calling(url, **fields):
    timeout = fields.pop("timeout", timedelta(seconds=20))
    return a_runbook(
        steps=(Step("call", call=Call(url, **fields), timeout=timeout),), parameters=(device(),)
    )


def test_a_call_sends_its_body_and_token_once_and_shows_neither_token_nor_its_echo(tmp_path):
    with server(body=b"you sent Bearer canary-7f") as (url, seen):
        book = calling(f"{url}/do", body={"device": "{device}"}, token=Secret("canary-7f"))
        with scene(tmp_path, book) as world:
            run = world.carry_out(an_incident(), "ada")
    ((method, path, headers, body),) = seen
    assert (method, path, json.loads(body)) == ("POST", "/do", {"device": "sda1"})
    assert headers["Authorization"] == "Bearer canary-7f"
    assert run.state is RunState.SUCCEEDED
    assert "canary" not in repr(run)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ({"status": 500}, "status 500"),
        ({"status": 302, "headers": (("Location", "http://127.0.0.1:1/"),)}, "status 302"),
        ({"body": b"login please"}, "without the text"),
    ],
)
def test_an_answer_that_is_not_what_was_expected_is_a_failure(tmp_path, answer, detail):
    with (
        server(**answer) as (url, seen),
        scene(tmp_path, calling(url, method=Method.GET, contains="fine")) as world,
    ):
        run = world.carry_out(an_incident(), "ada")
    assert run.state is RunState.FAILED
    assert detail in run.results[0].detail
    assert len(seen) == 1


def test_a_call_nobody_answers_fails_and_is_not_sent_again(tmp_path):
    with scene(tmp_path, calling("http://127.0.0.1:1/x")) as world:
        run = world.carry_out(an_incident(), "ada")
    assert run.results[0].detail == "no answer (ConnectError)"


def test_a_slow_answer_is_ended_by_time_and_by_the_kill_switch(tmp_path):
    with server(waits=True) as (url, seen):
        with scene(tmp_path / "a", calling(url, timeout=timedelta(seconds=1))) as world:
            run = world.carry_out(an_incident(), "ada")
            assert run.reason is RunReason.TOOK_TOO_LONG
        with scene(tmp_path / "b", calling(url)) as world:
            world.open(an_incident())
            world.tick(an_incident())
            run = world.run()
            world.desk.approve(run, run.digest, "ada", world.now)
            world.tick(an_incident())
            world.wait_until_running()
            wait_for(lambda: len(seen) == 2)
            world.automation.halt("bo", "")
            run = world.wait()
    assert run.reason is RunReason.KILL_SWITCH
    assert run.results[0].detail == "sent; its answer was not awaited"


def test_a_huge_answer_is_cut(tmp_path):
    with server(body=b"y" * 5_000_000) as (url, _), scene(tmp_path, calling(url)) as world:
        run = world.carry_out(an_incident(), "ada")
    assert run.state is RunState.SUCCEEDED
    assert len(run.results[0].output) < 10_000
