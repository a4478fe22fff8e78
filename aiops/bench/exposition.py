"""A scrape through the real collector, held against splitting its lines."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from aiops import plugins
from aiops.bench.measure import Figure, in_turns
from aiops.contracts.collector import Collector
from aiops.domain.instant import from_ns, to_ns

_SERVE = """
import http.server, pathlib, sys
body = pathlib.Path(sys.argv[1]).read_bytes()
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Page)
print(server.server_port, flush=True)
server.serve_forever()
"""


def write_exposition(n_series: int) -> str:
    """Returns a page as an exporter writes it, ten series to a family."""
    lines: list[str] = []
    for number in range(n_series):
        family = f"bench_family_{number // 10}"
        if number % 10 == 0:
            lines += [f"# HELP {family} Generated.", f"# TYPE {family} gauge"]
        lines.append(f'{family}{{zone="eu-{number % 3}",part="{number % 10}"}} {number * 1.37:.6g}')
    return "\n".join(lines) + "\n"


def measure(n_series: int, _points: int, folder: Path, peers: bool = False) -> list[Figure]:
    """The second and later scrapes of a page; the server is a process of its own."""
    text = write_exposition(n_series)
    page = folder / "page.txt"
    page.write_text(text, encoding="utf-8")
    body = text.encode()
    server = subprocess.Popen(  # noqa: S603 - our own interpreter, our own program
        [sys.executable, "-c", _SERVE, str(page)], stdout=subprocess.PIPE, text=True
    )
    try:
        port = (server.stdout.readline() if server.stdout else "").strip()
        kind: Any = plugins.load("collectors", "prometheus")
        settings = kind.settings(url=f"http://127.0.0.1:{port}/metrics", asset="bench")
        collector = cast("Collector", plugins.create("collectors", "prometheus", settings))
        until = from_ns(to_ns(datetime(2026, 1, 5, tzinfo=UTC)))

        def scrape() -> object:
            return collector.collect({}, until, timedelta(seconds=30))

        works = [scrape, lambda: split_lines(body)]
        if peers:
            from prometheus_client.parser import text_string_to_metric_families

            works.append(lambda: [f.samples for f in text_string_to_metric_families(text)])
        took = in_turns(*works)
        collector.close()
    finally:
        server.terminate()
        server.wait()
        if server.stdout:
            server.stdout.close()
    work = f"{n_series} series, {len(body) / 1e3:.0f} kB: fetch, parse, map to a batch"
    floor = "split the same lines and read their numbers"
    found = [Figure("collect.scrape", work, took[0], floor, took[1])]
    if peers:
        peer = f"{n_series} series: prometheus_client's parser, without fetch and batch"
        found.append(Figure("peer.prometheus_client", peer, took[2], floor, took[1]))
    return found


def split_lines(body: bytes) -> dict[str, float]:
    r"""Returns the number of each line; nothing is checked, no label is looked at.

    >>> split_lines(b'# TYPE a gauge\na{b="c"} 1.5\n')
    {'a{b="c"}': 1.5}
    """
    found = {}
    for line in body.decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found
