"""The installed command as a process: started, asked over HTTP, killed."""

import os
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

AIOPS = Path(sys.executable).with_name("aiops")


class Daemon:
    """``aiops run`` in a directory of its own."""

    def __init__(
        self,
        directory: Path,
        config: str,
        environment: dict[str, str] | None = None,
        command: tuple[str, ...] = (str(AIOPS),),
        verb: str = "run",
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        source: str = "",
    ):
        """``tls``: how the tester proves itself; ``source``: address that it asks from."""
        self.verb, self.host, self.tls, self.source = verb, host, tls, source
        self.command = command
        self.directory = directory
        self.config = directory / "config.yaml"
        self.config.write_text(config)
        self.environment = {**os.environ, **(environment or {})}
        self.data = directory / "data"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self, *arguments: str, within: float = 120.0, environment=None) -> "Daemon":
        port_file = self.data / "port"
        port_file.unlink(missing_ok=True)
        with (self.directory / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, *arguments, self.verb, "--config", str(self.config)],
                cwd=self.directory,
                env={**self.environment, **(environment or {})},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.tail()}")
            if port_file.exists() and port_file.read_text().strip():
                self.port = int(port_file.read_text())
                if self._ready():
                    return self
            time.sleep(0.05)
        raise AssertionError(f"not ready within {within} s: {self.tail()}")

    def get(self, path: str, **parameters: Any) -> Any:
        with self.client() as client:
            answer = client.get(path, params=parameters)
            answer.raise_for_status()
            return answer.json()

    def client(self) -> httpx.Client:
        token = (self.data / "admin.token").read_text().strip()
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
            transport=self._transport(),
        )

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def _transport(self) -> httpx.HTTPTransport:
        return httpx.HTTPTransport(verify=self.tls or True, local_address=self.source or None)

    def incidents(self) -> list[dict[str, Any]]:
        return self.get("/api/v1/incidents")["items"]

    def kill(self) -> None:
        """SIGKILL of the whole process group."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(60)

    def stop(self, within: float = 60.0) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        finally:
            self.kill()

    def tail(self, size: int = 4000) -> str:
        return (self.directory / "daemon.log").read_text(errors="replace")[-size:]

    def _ready(self) -> bool:
        try:
            with httpx.Client(timeout=10, transport=self._transport()) as client:
                return client.get(f"{self.url}/readyz").status_code == 200
        except httpx.HTTPError:
            return False
