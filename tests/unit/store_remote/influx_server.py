"""A small InfluxDB 2 in memory: what the store asks of it, and the faults of a real one.

A real one cannot be had where these tests run; where ``AIOPS_TEST_INFLUXDB_URL`` names one,
the same checks run against that.
"""

import gzip
import json
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ROW = re.compile(
    r"^(?P<head>(?:\\.|[^ \\])+) (?P<field>(?:\\.|[^= \\])+)=(?P<value>\S+) (?P<time>-?\d+)$"
)


class FakeInflux:
    """Points by series and time; of two for one time the last one stays.

    Attributes:
        version: Of the ping header, None for none.
        unknown_name: What it answers for a name there is not: ``empty``, ``404`` or ``system``
            (its own buckets), as servers of different age do.
        fault: A path part and the (status, content type, body) it answers instead.
    """

    def __init__(self):
        self.points = {}
        self.buckets = [{"name": "aiops"}]
        self.tasks = []
        self.version = "v2.7.11"
        self.fault = None
        self.unknown_name = "empty"
        self.requests = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def write(self, text):
        for line in text.splitlines():
            match = ROW.match(line)
            if match is None:
                return 400, b'{"code":"invalid","message":"unable to parse"}'
            parts = re.split(r"(?<!\\),", match["head"])
            tags = dict(re.split(r"(?<!\\)=", part, maxsplit=1) for part in parts[1:])
            key = (tags["aiops_store"], int(tags["aiops_series"]), match["head"], match["field"])
            with self._lock:
                self.points.setdefault(key, {})[int(match["time"])] = float(match["value"])
        return 204, b""

    def query(self, flux):
        start, stop = (
            _ms(text) for text in re.search(r"start: (\S+), stop: (\S+)\)", flux).groups()
        )
        name = json.loads(re.search(r'r\.aiops_store == ("[^"]*")', flux)[1])
        wanted = re.search(r"=~ /\^\(([\d|]+)\)\$/", flux)
        ids = set(map(int, wanted[1].split("|"))) if wanted else None
        tables = []
        with self._lock:
            for (store, series, *_), points in self.points.items():
                if store == name and (ids is None or series in ids):
                    rows = sorted((t, v) for t, v in points.items() if start <= t < stop)
                    tables.append((series, rows))
        if "count()" in flux:
            total = sum(len(rows) for _, rows in tables)
            tables = [(0, [(start, float(total))])] if total else []
        elif "first()" in flux:
            tables = [(series, rows[:1]) for series, rows in tables]
        elif "last()" in flux:
            tables = [(series, rows[-1:]) for series, rows in tables]
        return annotated(tables)

    def delete(self, order):
        start, stop = _ms(order["start"]), _ms(order["stop"])
        name = re.fullmatch(r'aiops_store="(.*)"', order["predicate"])[1]
        with self._lock:
            for key, points in self.points.items():
                if key[0] == name:
                    for time in [t for t in points if start <= t <= stop]:
                        del points[time]

    def _handler(fake):  # noqa: N805 - the request handler below has a self of its own
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body=b"", kind="application/json", **extra):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in extra.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.handle_any()

            def do_POST(self):
                self.handle_any()

            def handle_any(self):
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                fake.requests.append((self.command, self.path, dict(self.headers)))
                if fake.fault and fake.fault[0] in parts.path:
                    _, status, kind, content, extra = fake.fault
                    self.answer(status, content, kind, **extra)
                    return
                if parts.path == "/ping":
                    version = {"X_Influxdb_Version": fake.version} if fake.version else {}
                    self.answer(204, **version)
                elif self.headers.get("Authorization") != "Token right":
                    self.answer(401, b'{"code":"unauthorized","message":"unauthorized access"}')
                elif parse_qs(parts.query).get("org", ["team"]) != ["team"]:
                    self.answer(404, b'{"code":"not found","message":"organization not found"}')
                elif parts.path == "/api/v2/write":
                    self.answer(*fake.write(body.decode()))
                elif parts.path == "/api/v2/query":
                    self.answer(200, fake.query(json.loads(body)["query"]), "text/csv")
                elif parts.path == "/api/v2/delete":
                    fake.delete(json.loads(body))
                    self.answer(204)
                else:
                    self.manage(parts, body)

            def manage(self, parts, body):
                kind = parts.path.rpartition("/")[2]
                held = {"buckets": fake.buckets, "tasks": fake.tasks, "orgs": [{"id": "0a"}]}[kind]
                if self.command == "POST":
                    made = json.loads(body)
                    if "flux" in made:
                        made["name"] = re.search(r'name: "([^"]*)"', made["flux"])[1]
                    held.append(made)
                    self.answer(201, b"{}")
                    return
                name = parse_qs(parts.query).get("name")
                found = [each for each in held if name is None or each.get("name") == name[0]]
                if not found and fake.unknown_name == "404":
                    self.answer(404, b'{"code":"not found","message":"not found"}')
                    return
                system = [{"name": "_tasks"}] if fake.unknown_name == "system" else []
                self.answer(200, json.dumps({kind: found or system}).encode())

        return Handler


def annotated(tables):
    """Returns tables of (series, [(ms, value)]) as a real server writes them."""
    lines = [
        "#datatype,string,long,dateTime:RFC3339,double,string",
        "#group,false,false,false,false,true",
        "#default,_result,,,,",
        ",result,table,_time,_value,aiops_series",
    ]
    for number, (series, rows) in enumerate(tables):
        lines += [f",,{number},{_text(time)},{value!r},{series}" for time, value in rows]
    if len(lines) == 4:
        return b"\r\n"
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _text(ms):
    at = datetime.fromtimestamp(ms // 1000, UTC)
    fraction = f".{ms % 1000:03d}".rstrip("0") if ms % 1000 else ""
    return f"{at:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _ms(text):
    at = datetime.fromisoformat(text[:23] + "+00:00")
    return round(at.timestamp() * 1000)
