"""Addresses of a cluster with tenants: the paths, in front of a real single node."""

from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import Request, urlopen

import numpy as np
import pytest

from aiops.domain.step import DAY
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.testing.panels import MONDAY
from aiops.testing.series_store import samples


class Router(BaseHTTPRequestHandler):
    """Stands for vminsert and vmselect: takes the cluster's prefix off, refuses all else.

    Source: VictoriaMetrics documentation of the cluster version, "URL format".
    """

    prefix, target, upstream = "", "", ""

    def do_POST(self):
        if not self.path.startswith(self.prefix):
            self.send_error(400, "unsupported path")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = f"{self.upstream}{self.target}{self.path[len(self.prefix) :]}"
        kind = self.headers.get("Content-Type", "text/plain")
        with urlopen(Request(url, body, {"Content-Type": kind}), timeout=60) as answer:
            found = answer.read()
            self.send_response(answer.status)
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)

    def do_GET(self):
        self.send_error(400, "unsupported path")

    def log_message(self, *_):
        pass


@pytest.fixture
def cluster(victoria):
    servers, threads = [], []
    for prefix, target in (
        ("/insert/12:0/influx/write", "/write"),
        ("/select/12:0/prometheus/api/v1", "/api/v1"),
    ):
        names = {"prefix": prefix, "target": target, "upstream": victoria.url}
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Routed", (Router,), names))
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        servers.append(server)
        threads.append(thread)
    insert, select = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    yield VictoriaMetricsSettings(
        url=select,
        write_url=insert,
        tenant="12:0",
        name="cluster",
        timeout=timedelta(seconds=60),
    )
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join(60)


def test_writes_go_to_vminsert_and_reads_to_vmselect_of_the_tenant(cluster, victoria):
    store = VictoriaMetricsStore(cluster)
    store.append(samples((1, 0, 1.0), (1, DAY, 2.0)))
    assert store.status()["reachable"] is True
    node = VictoriaMetricsStore(VictoriaMetricsSettings(url=victoria.url, name="cluster"))
    node.flush()
    assert store.stored(np.array([1]), MONDAY, MONDAY + 2 * DAY).values.tolist() == [1, 2]
    store.close()
    node.close()
