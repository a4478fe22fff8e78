"""Start, reload, stop, wrong configuration, full disk: the installed command as a process."""

import re
import signal
import subprocess
from datetime import UTC, datetime, timedelta

import httpx
import pandas as pd
import pytest

from tests.acceptance.daemon import AIOPS
from tests.waiting import wait_for

pytestmark = pytest.mark.acceptance

CONFIG = """\
collect:
  sources:
    - {name: host, type: host, interval: 1s, settings: {sensors: false}}
server: {port: 0}
"""


def metric(daemon, name):
    with daemon.client() as client:
        text = client.get("/metrics").text
    found = re.search(rf"^{name}(?:\{{[^}}]*\}})? ([0-9.e+]+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_it_serves_reloads_and_stops_cleanly(daemon_in):
    daemon = daemon_in(CONFIG).start()
    with httpx.Client(base_url=daemon.url, trust_env=False, timeout=60) as anybody:
        assert anybody.get("/livez").status_code == 200
        assert anybody.get("/api/v1/assets").status_code == 401
    wait_for(lambda: daemon.get("/api/v1/assets")["items"])
    assert metric(daemon, "aiops_config_last_reload_success") == 1

    daemon.config.write_text(CONFIG.replace("interval: 1s", "intervall: 1s"))
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: metric(daemon, "aiops_config_last_reload_success") == 0)
    wait_for(lambda: "did you mean" in daemon.tail() or "intervall" in daemon.tail())
    before = metric(daemon, "aiops_samples_total")
    wait_for(lambda: metric(daemon, "aiops_samples_total") > before)

    daemon.config.write_text(CONFIG.replace("name: host", "name: this-machine"))
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: metric(daemon, "aiops_config_last_reload_success") == 1)
    wait_for(
        lambda: [s["name"] for s in daemon.get("/api/v1/status")["sources"]] == ["this-machine"]
    )
    assert daemon.stop(within=12.0) == 0


def test_a_second_daemon_on_the_same_data_says_so_and_leaves_the_first_alone(daemon_in):
    daemon = daemon_in(CONFIG).start()
    second = subprocess.run(
        [AIOPS, "run", "--config", daemon.config],
        cwd=daemon.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert "another aiops daemon has this data directory" in second.stderr
    assert daemon.get("/api/v1/status")["state"] in {"ready", "degraded"}
    assert daemon.stop() == 0


def test_commands_that_read_history_work_beside_the_daemon(daemon_in, tmp_path):
    daemon = daemon_in(CONFIG).start()

    def aiops(*words):
        return subprocess.run(
            [AIOPS, *words, "--config", daemon.config],
            cwd=daemon.directory, capture_output=True, text=True, check=False,
        )  # fmt: skip

    wait_for(lambda: metric(daemon, "aiops_samples_total") > 40)
    with daemon.client() as client:
        host = client.get("/api/v1/assets").json()["items"][0]["key"]
    now = datetime.now(UTC)
    begin, end = (now - timedelta(hours=1)).isoformat(), (now + timedelta(hours=1)).isoformat()
    out = tmp_path / "bundle"
    done = aiops("export", out, "--from", begin, "--to", end)
    assert done.returncode == 0, done.stderr
    assert pd.read_parquet(out / "samples.parquet").asset.eq(host).any()

    done = aiops("explain", host, "system.memory.utilization", now.isoformat())
    assert done.returncode == 0, done.stderr
    assert f"{host} system.memory.utilization" in done.stdout

    assert daemon.stop() == 0
    assert not (daemon.directory / "data" / "reads.sock").exists()
    done = aiops("explain", host, "system.memory.utilization", now.isoformat())
    assert done.returncode == 0, done.stderr


def test_a_wrong_configuration_ends_with_78_and_names_every_mistake(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("serve: {port: 0}\nlog: {level: loud}\n")
    done = subprocess.run(
        [AIOPS, "run", "--config", config], capture_output=True, text=True, check=False
    )
    assert done.returncode == 78
    assert "config.yaml:1:1" in done.stderr
    assert "server" in done.stderr
    assert "loud" in done.stderr


def test_it_starts_again_where_it_ended(daemon_in):
    daemon = daemon_in(CONFIG).start()
    wait_for(lambda: metric(daemon, "aiops_samples_total"))
    series = daemon.get("/api/v1/series")["items"]
    daemon.kill()
    daemon.start()
    again = daemon.get("/api/v1/series")["items"]
    assert [s["id"] for s in again][: len(series)] == [s["id"] for s in series]
    assert daemon.stop() == 0


def test_a_full_disk_is_a_state_and_not_a_crash(small_volume, daemon_in):
    config = CONFIG + f"store: {{directory: {small_volume}/data}}\n"
    daemon = daemon_in(config)
    daemon.data = small_volume / "data"
    subprocess.run(["mount", "-o", "remount,size=40m", str(small_volume)], check=True)
    daemon.start()
    wait_for(lambda: metric(daemon, "aiops_samples_total"))
    balloon = small_volume / "balloon"
    with balloon.open("wb") as file, pytest.raises(OSError):  # noqa: PT012
        while True:
            file.write(b"\0" * 65536)
            file.flush()
    wait_for(lambda: daemon.get("/api/v1/status")["sources"][0]["error"])
    assert daemon.process.poll() is None
    assert daemon.get("/api/v1/assets")["items"], "reads go on"
    balloon.unlink()
    stored = metric(daemon, "aiops_samples_total")
    wait_for(lambda: metric(daemon, "aiops_samples_total") > stored + 5)
    assert daemon.stop() == 0
