"""Where agents push by gRPC: the same tokens, receivers and answers as over HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NoReturn

from aiops.api.access import Permission, may
from aiops.api.gate import find_credential
from aiops.api.push import installed_receivers
from aiops.api.service import ReadService
from aiops.contracts.errors import AiopsError, Refused, StoreError, Unavailable
from aiops.contracts.receiver import GRPC, Push
from aiops.domain.access import Credential

# Source: gRPC's own default, which the OpenTelemetry Collector keeps. With as many calls at once
# as below, what is being read never holds more than 128 MiB.
_MAX_MESSAGE: Final = 4 << 20
_MAX_CALLS: Final = 32
_WORKERS: Final = 8
_STREAMS: Final = 100
_CONNECTIONS: Final = 200
"""As many as the HTTP door answers at once."""
_RETRY_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 5.0
# Source: OTLP 1.x, table of HTTP answers and gRPC codes; google.rpc.Code has the numbers.
_CODES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    413: "RESOURCE_EXHAUSTED",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


class CallServer:
    """Serves the gRPC methods of every receiver until it is stopped.

    Raises:
        AiopsError: grpcio is missing, or the port cannot be had.
    """

    def __init__(
        self,
        service: ReadService,
        bind: str,
        port: int,
        tls: tuple[str, str] | None,
        client_ca: str = "",
    ) -> None:
        try:
            import grpc
        except ImportError as error:
            raise AiopsError(
                "server.grpc_port needs grpcio; run: pip install 'aiops[otlp]'"
            ) from error
        self._server = grpc.server(
            ThreadPoolExecutor(_WORKERS, thread_name_prefix="grpc"),
            maximum_concurrent_rpcs=_MAX_CALLS,
            options=(
                ("grpc.max_receive_message_length", _MAX_MESSAGE),
                ("grpc.max_concurrent_streams", _STREAMS),
                ("grpc.so_reuseport", 0),
                ("grpc.max_allowed_incoming_connections", _CONNECTIONS),
            ),
        )
        for path, answer in _answers(service).items():
            _, name, method = path.split("/")
            handlers = {method: grpc.unary_unary_rpc_method_handler(answer)}
            self._server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(name, handlers),)
            )
        host = f"[{bind}]" if ":" in bind else bind
        try:
            if tls:
                pair = Path(tls[1]).read_bytes(), Path(tls[0]).read_bytes()
                known = Path(client_ca).read_bytes() if client_ca else None
                credentials = grpc.ssl_server_credentials(
                    (pair,), root_certificates=known, require_client_auth=known is not None
                )
                self.port = int(self._server.add_secure_port(f"{host}:{port}", credentials))
            else:
                self.port = int(self._server.add_insecure_port(f"{host}:{port}"))
        except RuntimeError as error:
            raise AiopsError(
                f"cannot listen on {bind}:{port}; stop the other program or change server.grpc_port"
            ) from error

    def start(self) -> None:
        """Starts serving."""
        self._server.start()

    def stop(self) -> None:
        """Lets open calls end, five seconds at most."""
        self._server.stop(_STOP_SECONDS).wait()


def _answers(service: ReadService) -> dict[str, Callable[[bytes, Any], bytes]]:
    return {
        route.path: _answer(service, kind, route.path)
        for kind, receiver in installed_receivers().items()
        for route in receiver.routes
        if route.method == GRPC
    }


def _answer(service: ReadService, kind: str, path: str) -> Callable[[bytes, Any], bytes]:
    def answer(body: bytes, context: Any) -> bytes:
        credential = _identify(service, context)
        push = Push(
            path=path,
            source=credential.source,
            query={},
            headers={"content-type": "application/grpc"},
            body=body,
            now=service.now(),
            max_bytes=_MAX_MESSAGE,
        )
        try:
            told = service.push(kind, credential, push)
        except Refused as error:
            _end(context, 403, str(error))
        except (Unavailable, StoreError) as error:
            wait = getattr(error, "retry_after", None) or _RETRY_SECONDS
            _end(context, 503, str(error), wait)
        if told.status != 200:
            asked = told.headers.get("Retry-After", "")
            again = float(asked) if asked.isdigit() else None
            _end(context, told.status, told.body.decode("utf-8", "replace"), again)
        return told.body

    return answer


def _identify(service: ReadService, context: Any) -> Credential:
    given = dict(context.invocation_metadata()).get("authorization", "")
    scheme, _, secret = str(given).partition(" ")
    found = (
        find_credential(service, secret.strip(), "token") if scheme.lower() == "bearer" else None
    )
    if found is None:
        _end(context, 401, "a token of an agent is needed: aiops token create")
    if not may(found.role, Permission.INGEST) or not found.source:
        _end(context, 403, "this token is bound to no source; make one: aiops token create --help")
    return found


def _end(context: Any, status: int, words: str, wait: float | None = None) -> NoReturn:
    """Ends a call; senders repeat an exhausted one only when they are told how long to wait."""
    import grpc

    code = getattr(grpc.StatusCode, _CODES.get(status, "INTERNAL"))
    if wait is not None:
        context.set_trailing_metadata((("grpc-status-details-bin", _details(code, words, wait)),))
    context.abort(code, words[:500])
    raise AssertionError(words)  # abort has raised


def _details(code: Any, words: str, wait: float) -> bytes:
    from google.protobuf.any_pb2 import Any as AnyMessage
    from google.protobuf.duration_pb2 import Duration
    from google.rpc.error_details_pb2 import RetryInfo
    from google.rpc.status_pb2 import Status

    detail = AnyMessage()
    detail.Pack(RetryInfo(retry_delay=Duration(seconds=int(wait))))
    status = Status(code=code.value[0], message=words[:500], details=[detail])
    return bytes(status.SerializeToString())
