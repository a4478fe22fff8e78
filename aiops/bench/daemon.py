"""``aiops run`` in a process of its own, to be measured from outside."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from aiops.bench.measure import NotRun

_AIOPS: Final = (sys.executable, "-c", "from aiops.cli import main; main()")
_START_SECONDS: Final = 120.0
_USER, _SYSTEM = 11, 12
"""Fields of ``/proc/<pid>/stat`` after the name, see proc(5)."""


class BenchDaemon:
    """A daemon in a directory of its own, on a free port."""

    def __init__(self, place: Path, config: str) -> None:
        self._place = place
        self._config = place / "config.yaml"
        self._config.write_text(f"store: {{directory: data}}\nserver: {{port: 0}}\n{config}")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def run(self, *arguments: str) -> str:
        """Runs another command on its configuration and returns what it prints."""
        done = subprocess.run(  # noqa: S603  # our own interpreter, our own program
            [*_AIOPS, *arguments, "--config", str(self._config)],
            cwd=self._place,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def start(self) -> None:
        """Starts it and waits for its port.

        Raises:
            NotRun: It did not start.
        """
        log = self._place / "daemon.log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(  # noqa: S603  # as above
                [*_AIOPS, "run", "--config", str(self._config)],
                cwd=self._place,
                stdout=file,
                stderr=file,
            )
        path, end = self._place / "data" / "port", time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if path.exists() and (port := path.read_text().strip()):
                self.port = int(port)
                return
            time.sleep(0.05)
        raise NotRun(f"the daemon did not start: {log.read_text()[-300:]}")

    def cpu_seconds(self) -> float:
        """Returns what the process has used so far, children left out."""
        pid = self._process.pid if self._process is not None else os.getpid()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
