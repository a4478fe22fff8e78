"""The HTTP server, in a thread of its own beside the ticks."""

import socket
import ssl
import threading
import time
from typing import Any

import uvicorn

from aiops.contracts.errors import AiopsError


class HttpServer:
    """Serves an ASGI application until it is stopped; the socket is closed then."""

    def __init__(
        self,
        app: Any,
        listener: socket.socket,
        tls: tuple[str, str] | None = None,
        client_ca: str = "",
        name: str = "http",
    ) -> None:
        self._socket = listener
        self._name = name
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=16 * 1024,
            limit_concurrency=200,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
            ssl_ca_certs=client_ca or None,
            ssl_cert_reqs=ssl.CERT_REQUIRED if client_ca else ssl.CERT_NONE,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name=name, daemon=True
        )

    @property
    def port(self) -> int:
        """The TCP port that it listens on."""
        port: int = self._socket.getsockname()[1]
        return port

    def start(self, within: float = 60.0) -> None:
        """Starts serving and returns when requests are answered.

        Raises:
            AiopsError: It did not start in time.
        """
        self._thread.start()
        end = time.monotonic() + within
        while not self._server.started:
            if time.monotonic() > end or not self._thread.is_alive():
                raise AiopsError(f"the {self._name} server did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """Lets open requests end, five seconds at most."""
        self._server.should_exit = True
        self._thread.join(timeout=7)
        self._socket.close()


def listen(bind: str, port: int) -> socket.socket:
    """Returns a socket that listens; port 0 takes a free one.

    Raises:
        AiopsError: The address or the port cannot be had.
    """
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((bind, port))
    except OSError as error:
        listener.close()
        raise AiopsError(
            f"cannot listen on {bind}:{port} ({error.strerror}); "
            "stop the other program or change server.port"
        ) from error
    listener.listen(128)
    listener.setblocking(False)
    return listener
