"""What an edge agent sends, in which order, and what it does when the centre does not answer."""

import json
import threading
import time
from contextlib import contextmanager
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
        self.page = b""
        centre = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                import gzip

                body = self.rfile.read(int(self.headers["Content-Length"]))
                if centre.status == 200:
                    centre.bodies.append(decode(gzip.decompress(body)))
                told = {"received_at": time.time_ns() + int(centre.ahead * 1e9), "dropped": {}}
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


def test_a_certificate_that_is_not_there_is_told_with_its_key(tmp_path):
    settings = ForwardSettings("https://127.0.0.1:1", ca_file=str(tmp_path / "no.pem"))
    with pytest.raises(ConfigError, match="forward: a certificate"):
        Forward(settings, tmp_path, infos)
