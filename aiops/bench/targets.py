"""Five hundred targets read in time while fifty more hang."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

from aiops.bench.daemon import BenchDaemon
from aiops.bench.exposition import split_lines, write_exposition
from aiops.bench.measure import Figure, cpu_of

_TARGETS: Final = 500
_HANGING: Final = 50
_INTERVAL: Final = 15.0
_SERIES: Final = 40
_SETTLE_SECONDS: Final = 120.0
"""At most so long until each target was asked three times and has found its phase."""
_SETTLED: Final = 3
_WATCHED_SECONDS: Final = 90.0
_P99_SECONDS: Final = 1.0

# Ten servers of a process, each with its targets as paths; the last port never answers.
_SERVE = """
import http.server, pathlib, socket, sys, threading, time
body, seen = pathlib.Path(sys.argv[1]).read_bytes(), open(sys.argv[2], "w", buffering=1)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen.write(f"{self.path} {time.time()}\\n")
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
server = Server(("127.0.0.1", 0), Page)
silent = socket.create_server(("127.0.0.1", 0), backlog=512)
kept = []
def hold():
    while True:
        kept.append(silent.accept())
threading.Thread(target=hold, daemon=True).start()
print(server.server_port, silent.getsockname()[1], flush=True)
server.serve_forever()
"""


def measure(_series: int, _points: int, folder: Path) -> list[Figure]:
    """Runs a daemon for two minutes; the targets note when they were asked."""
    page, seen = folder / "page.txt", folder / "seen.txt"
    page.write_text(write_exposition(_SERIES), encoding="utf-8")
    server = subprocess.Popen(  # noqa: S603 - our own interpreter, our own program
        [sys.executable, "-c", _SERVE, str(page), str(seen)], stdout=subprocess.PIPE, text=True
    )
    daemon = None
    try:
        answer = server.stdout.readline().split() if server.stdout else []
        place = folder / "daemon"
        place.mkdir()
        daemon = BenchDaemon(place, _config(*answer))
        daemon.start()
        _settle(seen)
        begin, used = time.time(), daemon.cpu_seconds()
        time.sleep(_WATCHED_SECONDS)
        used = daemon.cpu_seconds() - used
        asked = _read(seen, begin, begin + _WATCHED_SECONDS)
    finally:
        if daemon is not None:
            daemon.close()
        server.terminate()
        server.wait()
        if server.stdout:
            server.stdout.close()
    return _figures(asked, used, page.read_bytes())


def _config(port: str, silent: str) -> str:
    sources = [
        f"    - {{name: t{n}, type: prometheus, interval: {_INTERVAL:g}s, "
        f'settings: {{url: "http://127.0.0.1:{port}/t{n}", asset: t{n}}}}}'
        for n in range(_TARGETS)
    ]
    sources += [
        f"    - {{name: h{n}, type: prometheus, interval: {_INTERVAL:g}s, "
        f'settings: {{url: "http://127.0.0.1:{silent}/h{n}", asset: h{n}}}}}'
        for n in range(_HANGING)
    ]
    return "collect:\n  sources:\n" + "\n".join(sources) + "\n"


def _settle(seen: Path) -> None:
    end = time.time() + _SETTLE_SECONDS
    while time.time() < end:
        asked = _read(seen, 0.0, end)
        if sum(len(times) >= _SETTLED for times in asked.values()) == _TARGETS:
            return
        time.sleep(1.0)


def _read(seen: Path, begin: float, end: float) -> dict[str, list[float]]:
    asked: dict[str, list[float]] = {}
    for line in seen.read_text().splitlines():
        path, _, at = line.partition(" ")
        if begin <= float(at) < end:
            asked.setdefault(path, []).append(float(at))
    return asked


def _figures(asked: dict[str, list[float]], used: float, page: bytes) -> list[Figure]:
    gaps = np.concatenate([np.diff(times) for times in asked.values()])
    off = np.abs(gaps - _INTERVAL)
    count = sum(len(times) for times in asked.values())
    expected = _TARGETS * _WATCHED_SECONDS / _INTERVAL
    p99, p50 = float(np.quantile(off, 0.99)), float(np.median(off))
    work = (
        f"WALL seconds that a target was asked too early or late, p99 of {len(gaps)} intervals; "
        f"{len(asked)} targets at {_INTERVAL:g} s, {_HANGING} more hang, "
        f"{count / expected:.1%} of the scrapes made; worst {float(off.max()):.2f} s"
    )
    floor = cpu_of(lambda: [split_lines(page) for _ in range(count)])
    per_thousand = used / (count * _SERIES) * 1000
    cost = f"the daemon, {count} scrapes of {_SERIES} series: {per_thousand:.4f} s per 1,000"
    return [
        Figure("targets.jitter_p99_seconds", work, p99, "its median", p50, _P99_SECONDS / p50),
        Figure("targets.cpu", cost, used, "split the same lines and read their numbers", floor),
    ]
