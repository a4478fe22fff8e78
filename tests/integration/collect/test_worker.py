"""A collector in a process of its own: real processes, stopped and killed for real."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aiops.collect.worker import WorkerCollector
from aiops.contracts.errors import Unreachable
from aiops.contracts.secret import Secret
from aiops.testing.collector import check_collector
from collectors.host.settings import HostSettings
from collectors.modbus.settings import DeviceSettings, ModbusSettings, RegisterSettings
from collectors.prometheus.settings import PrometheusSettings
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=120)


def _now():
    return datetime.now(UTC)


@pytest.fixture
def worker():
    it = WorkerCollector("host", HostSettings(asset="h"))
    yield it
    it.close()


def test_a_worker_keeps_the_contract_of_the_collector_it_hides():
    check_collector(lambda: WorkerCollector("host", HostSettings(asset="h", sensors=False)))


def test_a_stopped_worker_is_killed_at_the_deadline_and_started_anew(worker):
    worker.collect({}, _now(), _DEADLINE)
    pid = worker.pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Unreachable) as caught:
        worker.collect({}, _now(), timedelta(seconds=0.3))
    assert caught.value.kind == "timeout"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert len(worker.collect({}, _now(), _DEADLINE).batch) > 5
    assert worker.pid != pid


def test_a_worker_that_died_is_told_and_started_anew(worker):
    worker.collect({}, _now(), _DEADLINE)
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(Unreachable) as caught:
        worker.collect({}, _now(), _DEADLINE)
    assert caught.value.kind == "worker_died"
    assert len(worker.collect({}, _now(), _DEADLINE).batch) > 5


def test_an_error_of_the_collector_comes_through_with_its_kind():
    worker = WorkerCollector("prometheus", PrometheusSettings("http://127.0.0.1:9/metrics"))
    with pytest.raises(Unreachable) as caught:
        worker.collect({}, _now(), _DEADLINE)
    worker.close()
    assert caught.value.kind == "refused"


def test_wrong_settings_are_told_in_words():
    worker = WorkerCollector("prometheus", PrometheusSettings("ftp://x/"))
    with pytest.raises(Unreachable, match="not an http or https address"):
        worker.collect({}, _now(), _DEADLINE)
    worker.close()


def test_a_secret_reaches_the_worker():
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"a 1\n")

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/metrics"
        worker = WorkerCollector("prometheus", PrometheusSettings(url, bearer_token=Secret("t0k")))
        worker.collect({}, _now(), _DEADLINE)
        worker.close()
        server.shutdown()
    assert seen == ["Bearer t0k"]


def test_a_worker_ends_when_its_parent_is_killed():
    program = (
        "import os, signal, sys\n"
        "from datetime import UTC, datetime, timedelta\n"
        "from aiops.collect.worker import WorkerCollector\n"
        "from collectors.host.settings import HostSettings\n"
        "if __name__ == '__main__':\n"
        "    worker = WorkerCollector('host', HostSettings())\n"
        "    worker.collect({}, datetime.now(UTC), timedelta(seconds=120))\n"
        "    print(worker.pid, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        pid = int(parent.stdout.readline())
    finally:
        parent.kill()
        parent.wait()
        parent.stdin.close()
        parent.stdout.close()
    wait_for(lambda: not _lives(pid))


def _lives(pid):
    """Whether it runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_a_library_says_besides_its_answer_goes_nowhere(capfd):
    devices = (DeviceSettings("drive-1", "127.0.0.1", 9),)
    settings = ModbusSettings(devices, (RegisterSettings("t", 0),), retries=0)
    worker = WorkerCollector("modbus", settings)
    with pytest.raises(Unreachable, match="no connection"):
        worker.collect({}, _now(), _DEADLINE)
    worker.close()
    assert capfd.readouterr().err == ""
