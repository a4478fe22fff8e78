"""A receiver of webhooks over real HTTP: checks signatures, keeps tickets, answers look-ups."""

import base64
import hashlib
import hmac
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SECRET = "whsec_" + base64.b64encode(b"a signing key of ours").decode()


class Receiver(BaseHTTPRequestHandler):
    """Honours the idempotency key, as Standard Webhooks asks of receivers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        state = self.server.state
        number, at = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        signed = b".".join((number.encode(), at.encode(), body))
        digest = hmac.new(base64.b64decode(SECRET[6:]), signed, hashlib.sha256).digest()
        if self.headers["webhook-signature"] != f"v1,{base64.b64encode(digest).decode()}":
            return self._answer(401, {"error": "signature"})
        data = json.loads(body)["data"]
        state.setdefault("bodies", []).append(body)
        if number in state["seen"]:
            return self._answer(200, state["seen"][number])
        tickets = state["tickets"]
        if data["ticket"]:
            ticket = next(each for each in tickets if each["id"] == data["ticket"])
        else:
            ticket = {"id": f"T{len(tickets) + 1}", "key": data["incident"]}
            tickets.append(ticket)
        ticket["status"] = "closed" if data["action"] == "resolve" else "open"
        if data["ticket"] is None:
            state["seen"][number] = ticket
        return self._answer(201, ticket)

    def do_GET(self):
        where = urlsplit(self.path)
        tickets = self.server.state["tickets"]
        if where.path == "/tickets":
            (key,) = parse_qs(where.query)["key"]
            return self._answer(200, [each for each in tickets if each["key"] == key])
        number = where.path.rpartition("/")[2]
        found = next((each for each in tickets if each["id"] == number), None)
        return self._answer(200 if found else 404, found or {"error": "none"})

    def _answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@contextmanager
def receiving():
    """Runs a receiver on a free port; its ``state`` tells what it has."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    server.state = {"tickets": [], "seen": {}}
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
