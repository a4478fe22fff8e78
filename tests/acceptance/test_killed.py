"""SIGKILL at random moments and inside commits: nothing acknowledged is lost, one ticket each."""

import random
import re
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.acceptance.daemon import Daemon
from tests.acceptance.endpoint import Endpoint
from tests.waiting import wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1800)]

KILLS = 32
CONFIG = """\
collect:
  sources:
    - {{name: node, type: prometheus, interval: 1s, settings: {{url: "{source}", asset: node}}}}
forecast: {{every: 1s}}
incident: {{grace: 1h, together: 0s}}
ladder: {{start: act}}
notify: {{max_new_per_10min: 0}}
ticket:
  destinations:
    - name: tracker
      type: request_tracker
      settings: {{url: "{url}", token: "env:RT_TOKEN", queue: Proactive, settle: 1s}}
server: {{port: 0}}
"""
INSIDE = {
    "outbox.after_send": 1,
    "ledger.before_commit": 12,
    "outbox.before_send": 1,
    "store.before_commit": 4,
}
"""Inside a commit, or between a request to the tracker and its recorded answer: visits at most."""


class Watcher:
    """Remembers every serial number the service has shown: those are acknowledged."""

    def __init__(self) -> None:
        self.shown: dict[str, float] = {}

    def look(self, daemon: Daemon, series: int | None) -> int | None:
        try:
            if series is None:
                found = daemon.get("/api/v1/series", asset="node", limit=1000)["items"]
                series = next((s["id"] for s in found if s["series"]["metric"] == "serial"), None)
            if series is not None:
                self.shown |= self.read(daemon, series)
        except (httpx.HTTPError, FileNotFoundError, KeyError):
            pass  # it is dead or just starting: nothing was acknowledged to us
        return series

    @staticmethod
    def read(daemon: Daemon, series: int) -> dict[str, float]:
        end = datetime.now(UTC) + timedelta(seconds=2)
        start = end - timedelta(minutes=30)
        panel = daemon.get(
            "/api/v1/panels", ids=series, start=start.isoformat(), end=end.isoformat(), step=1
        )
        row = panel["columns"][0]["values"]
        return {t: v for t, v in zip(panel["times"], row, strict=True) if v is not None}


def test_thirty_kills_lose_no_acknowledged_sample_and_make_one_ticket_per_incident(
    request_tracker, daemon_in
):
    endpoint, rng, watcher = Endpoint(volumes=KILLS + 8), random.Random(7), Watcher()
    config = CONFIG.format(source=endpoint.url, url=request_tracker.url)
    daemon = daemon_in(config, environment={"RT_TOKEN": request_tracker.token})
    series = None
    try:
        for kill in range(KILLS):
            point = "" if kill % 5 == 0 else list(INSIDE)[kill % 5 - 1]
            visit = rng.randint(1, INSIDE.get(point, 1))
            armed = {"AIOPS_CRASHPOINTS": f"{point}:{visit}"} if point else {}
            try:
                daemon.start("--test-hooks", environment=armed)
            except AssertionError:
                if daemon.process.poll() != -9:
                    raise
                continue  # it died at its crash point while starting
            endpoint.full.add(kill)
            # a crash point is waited for; without one it is killed at any moment
            end = time.monotonic() + (120.0 if point else rng.uniform(0.5, 4.0))
            while time.monotonic() < end and daemon.process.poll() is None:
                series = watcher.look(daemon, series)
                time.sleep(0.2)
            daemon.kill()
        daemon.start()
        wait_for(lambda: len(failed_assets(daemon)) >= len(endpoint.full))
        keys = [incident["key"] for incident in daemon.incidents()]
        wait_for(lambda: all(request_tracker.tickets(key) for key in keys), every=2)
        series = watcher.look(daemon, series)
        stored = Watcher.read(daemon, series)
        assert daemon.stop() == 0
    finally:
        daemon.kill()
        endpoint.close()
    points = Counter(re.findall(r"crashpoint (\S+)", daemon.tail(10**7)))
    per_incident = Counter(len(request_tracker.tickets(key)) for key in keys)
    lost = {t: v for t, v in watcher.shown.items() if stored.get(t) != v}
    inside = sum(points[name] for name in INSIDE)
    print(
        f"{KILLS} kills, {inside} at crash points {dict(points)}; {len(watcher.shown)} samples "
        f"shown, {len(lost)} lost (95 % bound {3 / KILLS:.3f} per kill); {len(keys)} incidents, "
        f"tickets per incident {dict(per_incident)}"
    )
    assert inside >= KILLS / 2, points
    assert not lost
    assert per_incident == {1: len(keys)}


def failed_assets(daemon: Daemon) -> set[str]:
    """Those that an incident is about; two that failed while nobody looked may share one."""
    incidents = daemon.incidents()
    return {i["asset"] for i in incidents} | {
        member["series"]["asset"] for i in incidents for member in i["members"]
    }


MUTANT = (
    "import aiops.ticket.delivery as d; d.look_up = lambda system, key: [];"
    "from aiops.cli import main; main()"
)


def test_a_build_without_the_look_up_before_create_makes_second_tickets(request_tracker, daemon_in):
    """Shows that the test above can fail: the look-up is what keeps it at one."""
    endpoint = Endpoint(volumes=4)
    config = CONFIG.format(source=endpoint.url, url=request_tracker.url)
    daemon = daemon_in(
        config,
        environment={"RT_TOKEN": request_tracker.token},
        command=(sys.executable, "-c", MUTANT),
    )
    try:
        for kill in range(3):
            daemon.start("--test-hooks", environment={"AIOPS_CRASHPOINTS": "outbox.after_send:1"})
            endpoint.full.add(kill)
            wait_for(lambda: daemon.process.poll() is not None)
        daemon.start()
        keys = [incident["key"] for incident in daemon.incidents()]
        found = wait_for(
            lambda: [n for key in keys if (n := len(request_tracker.tickets(key))) > 1]
        )
        assert found
    finally:
        daemon.kill()
        endpoint.close()
