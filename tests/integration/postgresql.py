"""A real PostgreSQL 15 on a free port, in a directory of its own; root drops to nobody."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.ports import free_port
from tests.waiting import wait_for

BINARIES = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True, slots=True)
class RealPostgres:
    """Where it listens."""

    port: int

    def new_database(self, name: str) -> str:
        """Creates an empty database and returns its SQLAlchemy URL."""
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"


def missing() -> str:
    """Returns why it cannot be run here, empty when it can."""
    if not (BINARIES / "postgres").exists():
        return "Debian package postgresql-15 is missing"
    return "" if find_spec("psycopg") else "the Python package psycopg is missing"


@contextmanager
def running_postgres() -> Iterator[RealPostgres]:
    """Makes a cluster, starts it, and removes it afterwards."""
    user = pwd.getpwnam("nobody")
    directory = Path(tempfile.mkdtemp(prefix="aiops-pg-", dir="/tmp"))
    as_root = os.geteuid() == 0
    if as_root:
        os.chown(directory, user.pw_uid, user.pw_gid)
    options = {
        "cwd": directory,
        "env": {"PATH": "/usr/bin:/bin", "HOME": str(directory), "LC_ALL": "C.UTF-8"},
        **({"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if as_root else {}),
    }
    process: subprocess.Popen[bytes] | None = None
    try:
        init = [BINARIES / "initdb", "-D", directory / "data", "-U", "postgres", "-A", "trust"]
        subprocess.run(
            [*init, "-E", "UTF8", "--no-sync"], check=True, capture_output=True, **options
        )
        port = free_port()
        command = [BINARIES / "postgres", "-D", directory / "data", "-p", str(port)]
        for setting in (
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={directory}",
            "fsync=off",
            "full_page_writes=off",
        ):
            command += ["-c", setting]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
        )
        _wait(process, port)
        yield RealPostgres(port)
    finally:
        if process is not None:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(60)
        shutil.rmtree(directory, ignore_errors=True)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    import psycopg

    def answers() -> bool:
        assert process.poll() is None, f"PostgreSQL ended with {process.returncode}"
        with suppress(psycopg.OperationalError):
            psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres").close()
            return True
        return False

    wait_for(answers, every=0.05)
