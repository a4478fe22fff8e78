"""A server of our own that answers with recorded documents, for systems that cannot be had."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson


@dataclass(frozen=True)
class Asked:
    """One question as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Documents:
    """Answers by path: a document, bytes, a status, or what a function makes of the question.

    Attributes:
        asked: Every question so far.
    """

    by_path: dict[str, Any]
    url: str = ""
    token: str = ""
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> tuple[int, bytes]:
        self.asked.append(asked)
        if self.token and self.token not in asked.headers.get("authorization", ""):
            return 401, b'{"message": "Unauthorized"}'
        told = self.by_path.get(asked.path, 404)
        if isinstance(told, Callable):
            told = told(asked)
        if isinstance(told, int):
            return told, b"{}"
        return 200, told if isinstance(told, bytes) else orjson.dumps(told)


@contextmanager
def serving(by_path: dict[str, Any], token: str = "") -> Iterator[Documents]:
    documents = Documents(by_path, token=token)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            asked = Asked(self.command, parts.path, query, headers, body)
            status, answer = documents.answer(asked)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        documents.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield documents
        finally:
            server.shutdown()
