"""Real time-series servers on free ports, each in a directory of its own."""

import shutil
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.ports import free_port
from tests.waiting import wait_for


class Server:
    """One process that can be killed and started again on the same port and data."""

    def __init__(self, command: list[str], port: int, ready: str, directory: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.command, self._ready, self._directory = command, ready, directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.command,
            cwd=self._directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for(self._answers, every=0.05)

    def _answers(self) -> bool:
        ended = self._process.poll() if self._process else None
        assert ended is None, f"{self.command[0]} ended with {ended}"
        with suppress(OSError), urllib.request.urlopen(f"{self.url}{self._ready}", timeout=10):
            return True
        return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)
            self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None


def victoria_metrics(directory: Path, *arguments: str) -> Server:
    port = free_port()
    command = [
        "victoria-metrics",
        f"-storageDataPath={directory / 'vm'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-search.latencyOffset=0s",
        "-loggerLevel=ERROR",
        *arguments,
    ]
    return Server(command, port, "/health", directory)


def prometheus(directory: Path, config: str) -> Server:
    port = free_port()
    (directory / "prometheus.yml").write_text(config)
    command = [
        "prometheus",
        "--config.file=prometheus.yml",
        f"--storage.tsdb.path={directory / 'prom'}",
        "--storage.tsdb.retention.time=90d",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--log.level=error",
    ]
    return Server(command, port, "/-/ready", directory)


def missing(program: str) -> str:
    """Returns why a server cannot be run here, empty when it can."""
    return "" if shutil.which(program) else f"the Debian package of {program} is missing"
