"""A real volume fills: foreseen, one ticket in a real tracker, resolved when it is freed."""

from datetime import datetime

import pytest

from tests.waiting import wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(900)]

CONFIG = """\
collect:
  sources:
    - name: host
      type: host
      interval: 2s
      settings: {{include_mounts: ["{mount}"], sensors: false}}
forecast: {{every: 4s}}
incident: {{repair_lead: 10s}}
ladder: {{start: act}}
ticket:
  sync_interval: 5s
  destinations:
    - name: tracker
      type: request_tracker
      settings: {{url: "{url}", token: "env:RT_TOKEN", queue: Proactive, settle: 1s}}
server: {{port: 0}}
"""

EXPORTER = """\
    - {{name: node, type: prometheus, interval: 2s, settings: {{url: "{url}", asset: node}}}}
"""


def test_a_filling_volume_becomes_one_ticket_before_it_is_full_and_is_resolved_when_freed(
    request_tracker, node_exporter, small_volume, fill, daemon_in
):
    """Two sources see the volume, this host's own and a node exporter: it is one asset."""
    config = CONFIG.format(mount=small_volume, url=request_tracker.url)
    if node_exporter is None:
        print("not run: no node exporter here (apt-get install prometheus-node-exporter)")
    else:
        config = config.replace("  sources:\n", "  sources:\n" + EXPORTER.format(url=node_exporter))
    daemon = daemon_in(config, environment={"RT_TOKEN": request_tracker.token}).start()
    filling = fill("steady", 150)

    def about_the_volume():
        return [i for i in daemon.incidents() if i["asset"].endswith(str(small_volume))]

    def happened():
        return all(_outcome(incident) == "happened" for incident in about_the_volume())

    (incident,) = wait_for(about_the_volume, within=600)
    (ticket,) = wait_for(lambda: request_tracker.tickets(incident["key"]))
    seen = daemon.get("/api/v1/series", asset=incident["asset"], limit=500)["items"]
    signals = [one for one in seen if one["series"]["metric"] == "system.filesystem.utilization"]
    assert len(signals) == (1 if node_exporter is None else 2)
    said, at = filling.stdout.readline().split()
    assert said == "full"
    full_at = float(at)
    assert incident["kind"] == "predictive"
    assert datetime.fromisoformat(incident["opened_at"]).timestamp() < full_at
    predicted = incident["predicted"]
    early, late = (datetime.fromisoformat(predicted[k]).timestamp() for k in ("early", "late"))
    assert early <= full_at <= late, f"full at {full_at}, said {predicted}"
    print(f"full {full_at - early:.0f} s after early, {late - full_at:.0f} s before late")

    wait_for(happened)
    filling.kill()
    (small_volume / "filling.dat").unlink()
    wait_for(lambda: request_tracker.ticket(ticket["id"])["Status"] == "resolved")
    (incident,) = about_the_volume()
    assert incident["state"] == "closed"
    assert len(request_tracker.tickets(incident["key"])) == 1
    assert daemon.stop() == 0


def _outcome(incident):
    return (incident["outcome"] or {}).get("kind")


def test_a_ticket_closed_over_there_closes_the_incident_here(
    request_tracker, small_volume, fill, daemon_in
):
    config = CONFIG.format(mount=small_volume, url=request_tracker.url)
    daemon = daemon_in(config, environment={"RT_TOKEN": request_tracker.token}).start()
    with (small_volume / "filling.dat").open("wb") as file, pytest.raises(OSError):  # noqa: PT012
        while True:
            file.write(b"x" * 65536)
            file.flush()
    (incident,) = wait_for(
        lambda: [i for i in daemon.incidents() if i["asset"].endswith(str(small_volume))]
    )
    assert incident["kind"] == "reactive"
    (ticket,) = wait_for(lambda: request_tracker.tickets(incident["key"]))
    (small_volume / "filling.dat").unlink()
    request_tracker.set_status(ticket["id"], "resolved")
    wait_for(lambda: all(i["state"] == "closed" for i in daemon.incidents()))
    assert daemon.stop() == 0
