"""Real volumes for the installed command."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.daemon import Daemon
from tests.ports import free_port

HERE = Path(__file__).parent


@pytest.fixture
def node_exporter():
    """Address of a real Prometheus node exporter, None where it is not installed."""
    program = shutil.which("prometheus-node-exporter")
    if program is None:
        yield None
        return
    port = free_port()
    process = subprocess.Popen(
        [program, f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}/metrics"
    process.kill()
    process.wait()


@pytest.fixture
def small_volume(tmp_path):
    """A tmpfs of 20 MB."""
    if os.geteuid() != 0:
        pytest.skip("not run: mounting a small tmpfs needs root")
    mount = tmp_path / "volume"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(mount)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"not run: tmpfs cannot be mounted here ({done.stderr.strip()})")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


@pytest.fixture
def fill(small_volume):
    """Starts the filling script; it is ended with the test."""
    started = []

    def start(story: str, seconds: float, seed: int = 0) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, HERE / "fill.py", small_volume, story, str(seconds), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def daemon_in(tmp_path):
    """Starts daemons; they are ended with the test."""
    started = []

    def start(config: str, **rest) -> Daemon:
        daemon = Daemon(tmp_path, config, **rest)
        started.append(daemon)
        return daemon

    yield start
    for daemon in started:
        daemon.kill()
