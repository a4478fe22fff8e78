"""Runs the application on a socket, in a thread of its own."""

import socket
import ssl
import threading

import uvicorn
from fastapi import FastAPI

from aiops.contracts.errors import ConfigError, Unreachable

_START_SECONDS = 20.0


class HttpServer:
    """A running server.

    Attributes:
        port: The port it listens on (the free one that was found for port 0).
    """

    def __init__(self, server: uvicorn.Server, listener: socket.socket) -> None:
        self._server = server
        self._listener = listener
        self.port = int(listener.getsockname()[1])
        self._thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True
        )

    def start(self) -> None:
        """Starts it and waits until it answers.

        Raises:
            Unreachable: It does not start.
        """
        self._thread.start()
        waited = 0.0
        pause = threading.Event()
        while not self._server.started:
            if not self._thread.is_alive() or waited > _START_SECONDS:
                raise Unreachable(f"the HTTP server on port {self.port} did not start")
            pause.wait(0.02)
            waited += 0.02

    def stop(self) -> None:
        """Lets running requests end (at most five seconds) and closes the socket."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(10)
        self._listener.close()


def listen(
    app: FastAPI,
    bind: str,
    port: int,
    *,
    tls_certificate: str = "",
    tls_key: str = "",
    insecure: bool = False,
) -> HttpServer:
    """Binds the socket and returns a server that is not started yet.

    Raises:
        ConfigError: The address is taken or not ours, or it is not loopback and there is no TLS.
    """
    loopback = bind in ("localhost", "::1") or bind.startswith("127.")
    if not loopback and not tls_certificate and not insecure:
        problem = (
            f"server.bind: refusing to listen on {bind} without TLS; set "
            "server.tls_certificate and server.tls_key, or server.insecure: i-understand"
        )
        raise ConfigError([problem])
    try:
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        listener = socket.create_server((bind, port), family=family, backlog=100)
    except OSError as error:
        raise ConfigError([f"server.port: cannot listen on {bind}:{port}: {error}"]) from error
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        # what a client writes about itself is not believed
        proxy_headers=False,
        h11_max_incomplete_event_size=16 << 10,
        limit_concurrency=200,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        ssl_certfile=tls_certificate or None,
        ssl_keyfile=tls_key or None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    return HttpServer(uvicorn.Server(config), listener)
