"""What an edge agent sends, in which order, and what it does when the centre does not answer."""

import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from aiops.contracts.collector import Inventory
from aiops.contracts.errors import ConfigError
from aiops.contracts.relay import decode
from aiops.contracts.secret import Secret
from aiops.domain.asset import Asset
from aiops.domain.identity import IdentityKind, identify
from aiops.domain.series import Samples, SeriesInfo, SeriesKey
from aiops.store.forward import Forward
from aiops.store.forward_settings import ForwardSettings
from tests.waiting import wait_for

MINUTE = 60 * 10**9


def infos(ids):
    return [SeriesInfo(int(n), SeriesKey("pump-1", f"m{n}"), MINUTE) for n in ids]


class Centre:
    """A centre that keeps what it is told and answers as it is told to."""

    def __init__(self):
        self.bodies, self.status, self.ahead = [], 200, 0.0
        self.agents, self.early = [], 0
        self.page = b""
        centre = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                import gzip

                body = self.rfile.read(int(self.headers["Content-Length"]))
                now = time.time_ns() + int(centre.ahead * 1e9)
                told = {"received_at": now, "dropped": {}}
                centre.agents.append(self.headers["X-Aiops-Agent"])
                if centre.status == 200:
                    relayed = decode(gzip.decompress(body))
                    early = int((relayed.batch.times > now + 600 * 10**9).sum())
                    told["dropped"] = {"clock": early} if early else {}
                    centre.early += early
                    centre.bodies.append(relayed)
                answer = centre.page or json.dumps(told).encode()
                self.send_response(centre.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def centre():
    one = Centre()
    thread = threading.Thread(target=one.server.serve_forever, daemon=True)
    thread.start()
    yield one
    one.server.shutdown()
    one.server.server_close()
    thread.join()


@contextmanager
def forwarding(centre, folder, **more):
    settings = ForwardSettings(centre.url, Secret("t"), timeout=timedelta(seconds=5), **more)
    forward = Forward(settings, folder, infos)
    try:
        yield forward
    finally:
        forward.close()


def batch(minute, n=1):
    times = np.full(n, (minute + 1) * MINUTE)
    return Samples(np.arange(n), times, np.full(n, float(minute)))


def test_the_newest_samples_go_first_and_the_backlog_behind(centre, tmp_path):
    with forwarding(centre, tmp_path) as forward:
        forward.tell("plc", Inventory((Asset("pump-1"),)))
        for minute in range(4):
            forward.take(batch(minute, 30_000))
        forward.start()
        wait_for(lambda: forward.status()["waiting"] == 0)
    told = [sorted(set(body.batch.values)) for body in centre.bodies]
    assert told == [[3.0], [2.0], [1.0], [0.0]]
    assert [body.inventory is not None for body in centre.bodies] == [True, False, False, False]
    assert centre.bodies[0].batch.series[5] == SeriesKey("pump-1", "m5")


@pytest.mark.parametrize("status", [500, 401, 409, 400])
def test_what_the_centre_does_not_take_stays_on_disk_over_a_restart(centre, tmp_path, status):
    centre.status = status
    with forwarding(centre, tmp_path) as forward:
        forward.tell("plc", Inventory())
        forward.take(batch(1, 3))
        forward.start()
        wait_for(lambda: forward.status()["error"])
        assert forward.status()["waiting"] == 3
        assert not forward.status()["reachable"]
    centre.status = 200
    with forwarding(centre, tmp_path) as forward:
        forward.start()
        wait_for(lambda: forward.status()["waiting"] == 0)
        assert forward.status()["reachable"]
    assert centre.bodies[-1].batch.values.tolist() == [1.0, 1.0, 1.0]


def test_the_page_of_a_captive_portal_takes_nothing_off_the_disk(centre, tmp_path):
    centre.page = b"<html>Please sign in</html>"
    with forwarding(centre, tmp_path) as forward:
        forward.take(batch(1, 3))
        forward.start()
        wait_for(lambda: forward.status()["error"])
        assert "not the answer of an aiops centre" in forward.status()["error"]
        assert forward.status()["waiting"] == 3
        centre.page = b""
        wait_for(lambda: forward.status()["waiting"] == 0)


class Cutting:
    """A way to the centre on which each connection ends after so many bytes, there or back."""

    def __init__(self, port, after):
        self.port, self.after = port, iter(after)
        self.cuts = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                there, back = next(self.after, (None, None))
                with client, socket.create_connection(("127.0.0.1", self.port)) as onward:
                    if self.pump(client, onward, there):
                        self.pump(onward, client, back)

    def pump(self, source, target, most):
        """Passes one whole message on, or as much of it as may be; False when it was cut."""
        data, need = b"", None
        while need is None or len(data) < need:
            part = source.recv(65_536)
            if not part:
                return False
            data += part
            head, mark, _ = data.partition(b"\r\n\r\n")
            if mark and need is None:
                length = next(x for x in head.split(b"\r\n") if x.lower().startswith(b"content-l"))
                need = len(head) + 4 + int(length.split(b":")[1])
        target.sendall(data if most is None else data[:most])
        self.cuts += most is not None
        return most is None

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def test_a_batch_cut_at_any_byte_there_or_back_arrives_whole(centre, tmp_path, monkeypatch):  # A3
    monkeypatch.setattr("aiops.store.forward._FIRST_WAIT", 0.001)
    monkeypatch.setattr("aiops.store.forward._LONGEST_WAIT", 0.001)
    cuts = [(n, None) for n in range(0, 800, 40)] + [(None, n) for n in range(0, 150, 10)]
    link = Cutting(centre.server.server_address[1], cuts)
    settings = ForwardSettings(link.url, Secret("t"), timeout=timedelta(seconds=5))
    forward = Forward(settings, tmp_path, infos)
    forward.take(batch(1, 50))
    forward.start()
    try:
        wait_for(lambda: forward.status()["waiting"] == 0)
        assert link.cuts == len(cuts)
        assert forward.status()["sent"] == 50
        # what was sent again is the same: the centre counts it once
        batches = [body.batch for body in centre.bodies]
        assert {*np.concatenate([each.times for each in batches])} == {2 * MINUTE}
        assert all(len(each) == 50 for each in batches)
    finally:
        forward.close()
        link.close()


def test_by_what_a_thing_is_known_reaches_the_centre(centre, tmp_path):
    known = identify("pump-1", IdentityKind.SERIAL, "SN-4711")
    with forwarding(centre, tmp_path) as forward:
        forward.tell("plc", Inventory((Asset("pump-1"),), identities=known))
        forward.take(batch(1))
        forward.start()
        wait_for(lambda: forward.status()["waiting"] == 0)
    assert centre.bodies[0].inventory.identities == known


def test_a_centre_that_has_started_anew_is_told_the_inventory_again(centre, tmp_path):
    with forwarding(centre, tmp_path) as forward:
        forward.tell("plc", Inventory((Asset("pump-1"),)))
        forward.take(batch(1))
        forward.start()
        wait_for(lambda: forward.status()["waiting"] == 0)
        centre.status = 409
        forward.take(batch(2))
        wait_for(lambda: forward.status()["error"])
        centre.status = 200
        wait_for(lambda: forward.status()["waiting"] == 0)
    assert centre.bodies[-1].inventory == Inventory((Asset("pump-1"),))


def test_beyond_the_bound_the_oldest_is_dropped_and_counted(centre, tmp_path):
    centre.status = 500
    with forwarding(centre, tmp_path, max_bytes=100_000) as forward:
        for minute in range(10):
            forward.take(batch(minute, 1000))
        status = forward.status()
        assert status["bytes"] <= 100_000
        assert status["dropped"] == 10_000 - status["waiting"] > 0
        centre.status = 200
        forward.start()
        wait_for(lambda: forward.status()["waiting"] == 0)
    kept = {value for body in centre.bodies for value in body.batch.values}
    assert 9.0 in kept
    assert 0.0 not in kept


def test_the_clock_is_measured_against_the_centre(centre, tmp_path):
    centre.ahead = 30.0
    with forwarding(centre, tmp_path) as forward:
        forward.take(batch(1))
        forward.start()
        wait_for(lambda: forward.status()["waiting"] == 0)
        assert forward.status()["clock_offset_seconds"] == pytest.approx(30.0, abs=1.0)


def test_samples_of_a_clock_that_is_ahead_stay_with_the_agent_until_it_is_right(  # A1
    centre, tmp_path, monkeypatch
):
    monkeypatch.setattr("aiops.store.forward._LONGEST_WAIT", 0.2)
    centre.ahead = -3 * 3600.0
    now = time.time_ns()
    times = now + np.arange(4) * MINUTE
    with forwarding(centre, tmp_path) as forward:
        forward.take(Samples(np.zeros(4, np.int64), times, np.arange(4.0)))
        forward.start()
        wait_for(lambda: centre.early >= 8)  # asked again and again, for the time is asked too
        status = forward.status()
        assert status["error"] == "the clock is 10800 s ahead; samples wait"
        assert (status["waiting"], status["sent"], status["dropped"]) == (4, 0, 0)
        forward.take(Samples(np.zeros(1, np.int64), times[:1] - 4 * 60 * MINUTE, np.array([9.0])))
        wait_for(lambda: forward.status()["sent"] == 1)  # what is due does not wait behind it
        assert forward.status()["waiting"] == 4
        centre.ahead = 0.0
        wait_for(lambda: forward.status()["waiting"] == 0)
        assert forward.status()["clock_offset_seconds"] == pytest.approx(0.0, abs=1.0)


def test_an_agent_keeps_its_name_over_a_restart_and_another_has_another(centre, tmp_path):  # A2
    for folder in ("one", "one", "two"):
        (tmp_path / folder).mkdir(exist_ok=True)
        with forwarding(centre, tmp_path / folder) as forward:
            forward.take(batch(1))
            forward.start()
            wait_for(lambda forward=forward: forward.status()["waiting"] == 0)
    first, again, other = centre.agents
    assert first == again != other


def test_a_certificate_that_is_not_there_is_told_with_its_key(tmp_path):
    settings = ForwardSettings("https://127.0.0.1:1", ca_file=str(tmp_path / "no.pem"))
    with pytest.raises(ConfigError, match="forward: a certificate"):
        Forward(settings, tmp_path, infos)
