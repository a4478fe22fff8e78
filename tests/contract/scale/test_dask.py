import contextlib
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aiops.contracts.errors import Unreachable
from aiops.scale.executors.dask import DaskExecutor, DaskSettings
from aiops.testing.executor import check_executor, square

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the library's own


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def cluster(certificates):
    """A real scheduler with two worker processes, reached over mutual TLS."""
    port = free_port()
    tls = ["--tls-ca-file", certificates["ca"], "--tls-cert", certificates["cert"]]
    tls += ["--tls-key", certificates["key"]]
    address = f"tls://127.0.0.1:{port}"
    scheduler = ["scheduler", "--host", address, "--no-dashboard", "--no-show"]
    worker = ["worker", address, "--nworkers", "2", "--nthreads", "1", "--host", "127.0.0.1"]
    worker += ["--protocol", "tls", "--no-dashboard", "--memory-limit", "0"]
    with started(scheduler + tls), started(worker + tls):
        yield DaskSettings(
            address,
            certificates["ca"],
            certificates["cert"],
            certificates["key"],
            timedelta(seconds=60),
        )


def test_a_cluster_behind_mutual_tls_keeps_the_contract_of_executors(cluster, tmp_path):
    check_executor(lambda: DaskExecutor(cluster), tmp_path)


def test_a_stranger_without_a_certificate_is_refused(cluster, tmp_path):
    foreign = make_certificates(tmp_path)
    executor = DaskExecutor(
        DaskSettings(
            cluster.address, foreign["ca"], foreign["cert"], foreign["key"], timedelta(seconds=3)
        )
    )
    with pytest.raises(Unreachable, match="certificates"):
        list(executor.map(square, [1], timedelta(seconds=5)))


def test_a_scheduler_that_is_not_there_is_told():
    executor = DaskExecutor(
        DaskSettings(f"tcp://127.0.0.1:{free_port()}", connect=timedelta(seconds=1))
    )
    with pytest.raises(Unreachable, match="is it running"):
        list(executor.map(square, [1], timedelta(seconds=5)))


@pytest.mark.parametrize("address", ["tls://10.0.0.1:8786", "tcp://10.0.0.1:8786"])
def test_no_code_is_sent_over_a_network_without_certificates(address):
    with pytest.raises(ValueError, match=r"certificates|ca_file"):
        DaskSettings(address)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def started(arguments):
    """A process of the library's own command; its children end with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True)]
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for child in family:
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)


def make_certificates(directory):
    """An authority of our own and one certificate that it signed, for 127.0.0.1."""
    now = datetime.now(UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])

    def signed(subject, public_key, *, authority):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
                critical=False,
            )
        )
        return builder.sign(ca_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    parts = {
        "ca": signed(ca_name, ca_key.public_key(), authority=True).public_bytes(pem),
        "cert": signed(name, key.public_key(), authority=False).public_bytes(pem),
        "key": key.private_bytes(pem, *plain),
    }
    for part, text in parts.items():
        (directory / f"{part}.pem").write_bytes(text)
    return {part: str(directory / f"{part}.pem") for part in parts}
