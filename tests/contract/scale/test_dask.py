import contextlib
import os
import signal
import subprocess
import sys
from datetime import timedelta

import psutil
import pytest

from aiops.contracts.errors import Unreachable
from aiops.scale.executors.dask import DaskExecutor, DaskSettings
from aiops.testing.executor import check_executor, square
from tests.certificates import make_certificates
from tests.ports import free_port

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
