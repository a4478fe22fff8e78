"""Settings of the HTTP server."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where pages and API are served."""

    bind: str = field(default="127.0.0.1", metadata={"help": "Address to listen on."})
    port: int = field(default=8420, metadata={"help": "TCP port; 0 takes a free one."})
    grpc_port: int | None = field(
        default=None,
        metadata={
            "help": "TCP port for agents that push by gRPC, usually 4317; null: none.",
            "minimum": 0,
            "maximum": 65_535,
        },
    )
    tls_certificate: str = field(default="", metadata={"help": "PEM file."})
    tls_key: str = field(default="", metadata={"help": "PEM file, mode 0600."})
    tls_client_ca: str = field(
        default="",
        metadata={"help": "PEM file; with it every client must show a certificate of this CA."},
    )
    insecure: str = field(
        default="",
        metadata={"help": "`i-understand` allows another address than loopback without TLS."},
    )
    language: str = field(default="en", metadata={"help": "Default language: en or zh."})
