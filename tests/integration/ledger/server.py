"""A PostgreSQL that is stopped hard and started again on the same data."""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.integration.postgresql import BINARIES
from tests.ports import free_port
from tests.waiting import wait_for


class Postgres:
    """One cluster in a directory of its own; root drops to nobody."""

    def __init__(self) -> None:
        user = pwd.getpwnam("nobody")
        self._directory = Path(tempfile.mkdtemp(prefix="aiops-pg-", dir="/tmp"))
        as_root = os.geteuid() == 0
        if as_root:
            os.chown(self._directory, user.pw_uid, user.pw_gid)
        drop = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if as_root else {}
        self._options = {
            "cwd": self._directory,
            "env": {"PATH": "/usr/bin:/bin", "HOME": str(self._directory), "LC_ALL": "C.UTF-8"},
            **drop,
        }
        data = str(self._directory / "data")
        init = [BINARIES / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*init, "--no-sync"], check=True, capture_output=True, **self._options)
        self.port = free_port()
        self._command = [BINARIES / "postgres", "-D", data, "-p", str(self.port)]
        self._command += ["-c", "listen_addresses=127.0.0.1"]
        self._command += ["-c", f"unix_socket_directories={self._directory}"]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._options
        )
        wait_for(self._answers, every=0.05)

    def _answers(self) -> bool:
        import psycopg

        with suppress(psycopg.Error):
            self.execute("SELECT 1")
            return True
        return False

    def crash(self) -> None:
        """SIGQUIT: ends at once, without a checkpoint, and recovers at the next start."""
        if self._process is not None:
            self._process.send_signal(3)
            self._process.wait(60)
            self._process = None

    def execute(self, text: str) -> None:
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"
        with psycopg.connect(where, autocommit=True, connect_timeout=30) as connection:
            connection.execute(text)

    def new_database(self, name: str) -> str:
        self.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://postgres:hunter2@127.0.0.1:{self.port}/{name}"

    def close(self) -> None:
        self.crash()
        shutil.rmtree(self._directory, ignore_errors=True)
