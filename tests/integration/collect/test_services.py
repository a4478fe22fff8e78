"""Probes and certificates of real servers on loopback."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.testing.collector import check_collector
from collectors import probe, tls_certificate
from collectors.probe.settings import ProbeSettings
from collectors.tls_certificate.settings import TlsCertificateSettings
from tests.integration.collect.serving import serve

_DEADLINE = timedelta(seconds=60)
_NOW = datetime.now(UTC)


def certificate(path, days: float):
    """A self-signed certificate that ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - timedelta(days=100))
        .not_valid_after(_NOW + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def listening(context=None, *, silent: bool = False):
    """A server that shakes hands (or says nothing) until it is closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = []

        def work():
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    ended.append(connection)
                    if context is not None and not silent:
                        with suppress(OSError):
                            context.wrap_socket(connection, server_side=True).close()

        threading.Thread(target=work, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in ended:
                connection.close()


@contextmanager
def tls_server(path, days: float):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(path, days))
    with listening(context) as target:
        yield target


def certificates(*targets, **more):
    return tls_certificate.PLUGIN.create(TlsCertificateSettings(targets=targets, **more))


def test_days_left_are_read_whatever_is_wrong_with_the_certificate(tmp_path):
    with (
        tls_server(tmp_path / "good.pem", 40) as good,
        tls_server(tmp_path / "gone.pem", -3) as gone,
        listening(silent=True) as hangs,
    ):
        source = certificates(good, gone, hangs, "127.0.0.1:9", timeout_seconds=2.0)
        collection = source.collect({}, _NOW, _DEADLINE)
        batch = collection.batch
        left = {batch.series[r].asset: v for r, v in zip(batch.rows, batch.values, strict=True)}
        assert left == {
            f"{good}/certificate:tls": pytest.approx(40, abs=0.01),
            f"{gone}/certificate:tls": pytest.approx(-3, abs=0.01),
        }
        assert collection.dropped == {"timeout": 1, "refused": 1}
        limits = {limit.asset: limit for limit in source.discover().limits}
        assert limits[f"{good}/certificate:tls"].fail == 0
        assert limits[f"{good}/certificate:tls"].warn == 14
        check_collector(lambda: certificates(good), dead=lambda: certificates("127.0.0.1:9"))


def test_a_port_that_speaks_no_tls_is_told():
    with serve(b"plain") as url:
        place = url.removeprefix("http://").partition("/")[0]
        with pytest.raises(Unreachable) as raised:
            certificates(place).collect({}, _NOW, _DEADLINE)
    assert raised.value.kind == "tls"


@pytest.mark.parametrize(
    "target", ["", "host:port", "http://x", "a:70000", "169.254.169.254:443", "0xA9FEA9FE:443"]
)
def test_targets_that_are_none_are_refused_at_once(target):
    with pytest.raises(ConfigError, match="targets"):
        certificates(target)


def probes(*targets, **more):
    return probe.PLUGIN.create(ProbeSettings(targets=targets, **more))


def measured(collection):
    batch = collection.batch
    found = {}
    for row, value in zip(batch.rows, batch.values, strict=True):
        key = batch.series[row]
        found.setdefault(key.asset, {})[key.metric.removeprefix("probe.")] = value
    return found


def test_services_that_answer_hang_fail_and_are_not_there_are_told_apart():
    with (
        serve(b"fine") as good,
        serve(b"no", status=503) as bad,
        listening() as tcp,
        listening(silent=True) as hangs,
    ):
        targets = (good, bad, f"tcp://{tcp}", f"http://{hangs}/", "tcp://127.0.0.1:9")
        found = measured(probes(*targets, timeout_seconds=2.0).collect({}, _NOW, _DEADLINE))
        places = [target.partition("://")[2].partition("/")[0] for target in targets]
        told = [(found[p]["success"], found[p].get("http.status_code")) for p in places]
        assert told == [(1, 200), (0, 503), (1, None), (0, None), (0, None)]
        assert [("duration" in found[p]) for p in places] == [True, True, True, False, False]
        check_collector(lambda: probes(good, "tcp://127.0.0.1:9"))


@pytest.mark.parametrize(
    "target", ["tcp://x", "ftp://x", "http://u:p@x/", "http://169.254.1.1/", "http://2852039166/"]
)
def test_addresses_that_are_never_asked_are_refused_at_once(target):
    with pytest.raises(ConfigError, match="targets"):
        probes(target)
