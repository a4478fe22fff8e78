"""A node exporter look-alike whose volumes fill when the test says so, and that counts."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Endpoint:
    """Serves volumes and one gauge that grows by one with every scrape."""

    def __init__(self, volumes: int) -> None:
        self.volumes = volumes
        self.full: set[int] = set()
        self.served = 0
        self._lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = endpoint.text().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/metrics"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def text(self) -> str:
        with self._lock:
            self.served += 1
            lines = ["# TYPE node_exporter_build_info gauge", "node_exporter_build_info 1"]
            for number in range(self.volumes):
                where = f'device="/dev/v{number}",fstype="ext4",mountpoint="/v{number}"'
                free = 0 if number in self.full else 600 - (number * 7) % 100
                lines += [
                    f"node_filesystem_size_bytes{{{where}}} 1000",
                    f"node_filesystem_free_bytes{{{where}}} {free}",
                    f"node_filesystem_avail_bytes{{{where}}} {free}",
                ]
            lines += ["# TYPE serial gauge", f"serial {self.served}"]
            return "\n".join(lines) + "\n"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
