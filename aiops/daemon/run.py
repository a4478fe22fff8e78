"""Starts, stops and reloads the daemon."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import structlog

from aiops.api.access import new_link, new_token
from aiops.api.app import create_app
from aiops.api.calls import CallServer
from aiops.config import Settings, load
from aiops.config.server import ServerSettings
from aiops.contracts.errors import AiopsError
from aiops.daemon.clock import SystemClock
from aiops.daemon.files import write_secret
from aiops.daemon.reads import serve_reads
from aiops.daemon.results import Results
from aiops.daemon.server import HttpServer, listen
from aiops.daemon.service import LEASE, Service
from aiops.daemon.ticks import Tick, Ticks
from aiops.domain.access import Role
from aiops.domain.asset import SYSTEM
from aiops.store.beside import SOCKET

_log = structlog.get_logger("daemon")

Say = Callable[[str], None]


def run(settings: Settings, config: Path | None, say: Say) -> None:
    """Runs until SIGTERM or SIGINT; SIGHUP reads the configuration again.

    Args:
        config: File to read again on SIGHUP.
        say: Prints a line for the person who started it.

    Raises:
        AiopsError: Something essential cannot be had: the data directory, the ledger, the port.
    """
    stop, reload_wanted, awake = threading.Event(), threading.Event(), threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        (reload_wanted if number == signal.SIGHUP else stop).set()
        awake.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)
    directory = Path(settings.store.directory)
    service = Service(settings, directory, SystemClock())
    ticks = Ticks(_ticks(service), service.telemetry)
    server = _serve(service)
    beside = [_serve_calls(service), serve_reads(service.store, directory)]
    others = [one for one in beside if one is not None]
    try:
        server.start()
        for other in others:
            other.start()
        service.load()
        ticks.start()
        (directory / "port").write_text(f"{server.port}\n")
        _welcome(service, directory, server.port, say)
        while not stop.is_set():
            awake.wait(timeout=5)
            awake.clear()
            service.health.errors = ticks.errors()
            if reload_wanted.is_set():
                reload_wanted.clear()
                ticks = _reload(service, config, ticks)
    finally:
        _log.info("stopping")
        service.health.stopping = True
        ticks.stop()
        for other in others:
            other.stop()
        server.stop()
        service.close()
        for name in ("port", SOCKET):
            (directory / name).unlink(missing_ok=True)
    _log.info("stopped")


def _ticks(service: Service) -> list[Tick]:
    def send_to(name: str) -> Callable[[], None]:
        return lambda: service.send(name)

    results = Results(service.ledger, service.store)

    def publish() -> None:
        if service.fence is not None:
            results.publish(service.clock.now())

    return [
        Tick("collect", 0.25, service.collect_tick),
        Tick("analyse", 1.0, service.analyse_tick),
        Tick("lease", LEASE.total_seconds() / 3, service.lease_tick),
        Tick("sync", service.settings.ticket.sync_interval.total_seconds(), service.sync_tick),
        Tick("automate", 1.0, service.automate_tick),
        Tick("store", 5.0, service.store_tick),
        Tick("learn", 60.0, service.learn_tick),
        Tick("keep", 30.0, service.keep_tick),
        Tick("publish", 60.0, publish),
        *(Tick(f"send:{name}", 1.0, send_to(name)) for name in service.systems),
    ]


def _serve(service: Service) -> HttpServer:
    server = service.settings.server
    return HttpServer(
        create_app(service), listen(server.bind, server.port), _tls(server), server.tls_client_ca
    )


def _serve_calls(service: Service) -> CallServer | None:
    server = service.settings.server
    if server.grpc_port is None:
        return None
    return CallServer(service, server.bind, server.grpc_port, _tls(server), server.tls_client_ca)


def _tls(server: ServerSettings) -> tuple[str, str] | None:
    return (server.tls_certificate, server.tls_key) if server.tls_certificate else None


def _welcome(service: Service, directory: Path, port: int, say: Say) -> None:
    now = service.clock.now()
    token_file = directory / "admin.token"
    server = service.settings.server
    scheme = "https" if server.tls_certificate else "http"
    host = "127.0.0.1" if server.bind in {"0.0.0.0", "::"} else server.bind  # noqa: S104 - only compared
    named = f"[{host}]" if ":" in host else host
    address = service.settings.ticket.public_url or f"{scheme}://{named}:{port}"
    if not token_file.exists():
        secret, credential = new_token("admin", Role.ADMIN, SYSTEM, now, timedelta(days=3650))
        service.ledger.put_credential(credential)
        write_secret(token_file, secret + "\n")
        say(f"API token for the first administrator: {token_file} (mode 0600)")
    link, credential = new_link("admin", Role.ADMIN, SYSTEM, now)
    service.ledger.put_credential(credential)
    say(f"aiops answers at {address}")
    say(f"sign in once, within ten minutes: {address}/login?link={link}")


def _reload(service: Service, config: Path | None, ticks: Ticks) -> Ticks:
    """Takes the file and returns the ticks that it asks for, started."""
    if config is None:
        _log.warning("nothing to reload: started without a configuration file")
        return ticks
    try:
        settings = load(config)
        ticks.stop()
        service.reload(settings)
    except AiopsError as error:
        service.telemetry.reload_ok.set(0)
        _log.error("configuration not taken, the old one stays", error=str(error))
    else:
        service.telemetry.reload_ok.set(1)
        _log.info("configuration taken", file=str(config))
    if ticks.stopped:
        ticks = Ticks(_ticks(service), service.telemetry)
        ticks.start()
    return ticks
