"""Two real daemons on one PostgreSQL: one leads, the other waits, takes over, and fences."""

import pytest

from tests.acceptance.daemon import Daemon
from tests.integration.ledger.server import Postgres
from tests.integration.postgresql import missing
from tests.waiting import wait_for

CONFIG = """
collect:
  sources:
    - name: {name}
      type: host
      interval: 1s
store:
  ledger_url: {url}
server:
  port: 0
"""


@pytest.fixture
def server():
    why = missing()
    if why:
        pytest.skip(f"not run: {why}")
    postgres = Postgres()
    yield postgres
    postgres.close()


def started(directory, url):
    directory.mkdir()
    url = url.replace(":hunter2@", "@")  # a configuration holds no password
    return Daemon(directory, CONFIG.format(name=directory.name, url=url)).start()


def leads(daemon):
    return daemon.get("/api/v1/status")["leader"]


@pytest.mark.acceptance
def test_a_second_daemon_waits_and_takes_over_when_the_first_is_killed(server, tmp_path):
    url = server.new_database("shared")
    daemons = []
    try:
        first = started(tmp_path / "first", url)
        daemons.append(first)
        wait_for(lambda: leads(first))
        second = started(tmp_path / "second", url)
        daemons.append(second)
        wait_for(lambda: second.get("/api/v1/status")["sources"][0]["samples"] > 0)
        assert leads(first)
        assert not leads(second)
        first.kill()
        wait_for(lambda: leads(second))
        first.start()  # it comes back, and is the one that waits
        wait_for(lambda: first.get("/api/v1/status")["state"] in {"ready", "degraded"})
        assert leads(second)
        assert not leads(first)
        assert second.stop() == 0  # an orderly end gives the lease back at once
        wait_for(lambda: leads(first))
        assert first.stop() == 0
    finally:
        for daemon in daemons:
            daemon.kill()


@pytest.mark.acceptance
def test_a_daemon_outlives_a_restart_of_its_postgresql(server, tmp_path):
    daemon = None
    try:
        daemon = started(tmp_path / "only", server.new_database("restarted"))
        wait_for(lambda: leads(daemon))
        analysed = daemon.get("/api/v1/status")["analysed_at"]
        server.crash()
        server.start()
        wait_for(lambda: daemon.get("/api/v1/status")["analysed_at"] not in {analysed, None})
        wait_for(lambda: leads(daemon))
        wait_for(lambda: not daemon.get("/api/v1/status")["errors"])
        assert daemon.stop() == 0
    finally:
        if daemon is not None:
            daemon.kill()
