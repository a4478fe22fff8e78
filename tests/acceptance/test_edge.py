"""An edge agent in a network namespace of its own: the link breaks, nothing is lost."""

import os
import random
import shutil
import ssl
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from aiops.api.access import new_agent_token
from aiops.ledger.open import open_ledger
from tests.acceptance.daemon import AIOPS, Daemon
from tests.certificates import make_certificates
from tests.waiting import wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

ASSETS, METRICS, ROUNDS, STEP = 25, 10, 240, 15  # an hour of samples every 15 s

CENTRE = """\
collect: {{sources: [{{name: plant-7, type: edge, interval: 15s, site: plant-7, location: edge}}]}}
server:
  bind: {host}
  port: 0
  tls_certificate: "{cert}"
  tls_key: "{key}"
  tls_client_ca: "{ca}"
"""
EDGE = """\
collect: {{sources: [{{name: plc, type: influx_line, interval: 15s}}]}}
server: {{bind: {host}, port: 0, insecure: i-understand}}
forward:
  url: "{url}"
  token: "env:CENTRE_TOKEN"
  ca_file: "{ca}"
  certificate: "{cert}"
  key: "{key}"
  timeout: 3s
"""


class Link:
    """A pair of virtual interfaces: the centre's end here, the agent's in its namespace."""

    def __init__(self):
        taken = {one.name.removeprefix("aie")[:-1] for one in Path("/sys/class/net").iterdir()}
        number = random.SystemRandom().choice([n for n in range(1, 250) if str(n) not in taken])
        self.namespace = f"aiops-edge-{os.getpid()}-{number}"
        self.here, self.there = f"aie{number}a", f"aie{number}b"
        self.centre, self.tester, self.agent = (f"10.211.{number}.{n}" for n in (1, 2, 3))

    def make(self):
        ip("netns", "add", self.namespace)
        ip("link", "add", self.here, "type", "veth", "peer", self.there, "netns", self.namespace)
        for address in (self.centre, self.tester):
            ip("addr", "add", f"{address}/29", "dev", self.here)
        ip("link", "set", self.here, "up")
        self.inside("addr", "add", f"{self.agent}/29", "dev", self.there)
        self.inside("link", "set", self.there, "up")
        self.inside("link", "set", "lo", "up")

    def inside(self, *arguments):
        ip("-n", self.namespace, *arguments)

    def cut(self):
        """The centre is out of reach; whoever tests still reaches the agent."""
        self.inside("route", "add", "blackhole", f"{self.centre}/32")

    def mend(self):
        self.inside("route", "del", "blackhole", f"{self.centre}/32")

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.namespace], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self.here], check=False, capture_output=True)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def link():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("not run: a network namespace needs root and iproute2")
    made = Link()
    try:
        made.make()
    except subprocess.CalledProcessError as error:
        made.remove()
        pytest.skip(f"not run: no network namespace here ({error.stderr.decode().strip()})")
    yield made
    made.remove()


@contextmanager
def running(daemon):
    daemon.start()
    try:
        yield daemon
        assert daemon.stop() == 0
    finally:
        daemon.kill()


def agent_token(daemon, source):
    now = datetime.now(UTC)
    secret, credential = new_agent_token(source, source, now, timedelta(days=1))
    ledger = open_ledger(f"sqlite:///{daemon.data / 'ledger.db'}", now)
    ledger.put_credential(credential)
    ledger.close()
    return secret


def centre_of(link, folder):
    folder.mkdir()
    files = make_certificates(folder, link.centre)
    trusting = ssl.create_default_context(cafile=files["ca"])
    trusting.load_cert_chain(files["cert"], files["key"])
    config = CENTRE.format(host=link.centre, **files)
    return Daemon(folder, config, host=link.centre, tls=trusting), files


def agent_of(link, folder, centre, files):
    folder.mkdir()
    config = EDGE.format(host=link.agent, url=centre.url, **files)
    return Daemon(
        folder,
        config,
        {"CENTRE_TOKEN": agent_token(centre, "plant-7")},
        command=("ip", "netns", "exec", link.namespace, str(AIOPS)),
        verb="edge",
        host=link.agent,
        source=link.tester,
    )


def from_outside(link):
    """A way to the agent that stays open while the centre's is cut."""
    return httpx.HTTPTransport(local_address=link.tester)


class Device:
    """A controller that writes its values to the agent, and remembers what was acknowledged."""

    def __init__(self, agent, client):
        self.agent, self.client = agent, client
        self.secret = agent_token(agent, "plc")
        self.written = Counter()

    def write(self, stamps):
        lines = []
        for stamp in stamps:
            for asset in range(ASSETS):
                fields = ",".join(f"m{n}={(stamp + asset) % 97 + n}" for n in range(METRICS))
                lines.append(f"plc,host=pump-{asset} {fields} {stamp}")
        answer = self.client.post(
            f"{self.agent.url}/api/v2/write?precision=s",
            content="\n".join(lines),
            headers={"Authorization": f"Token {self.secret}"},
        )
        assert answer.status_code == 204, answer.text
        self.written.update(stamps)


def stamps_at(bundle):
    """How many samples the centre holds of each second."""
    rows = pq.read_table(bundle / "samples.parquet").to_pylist()
    return Counter(int(r["time"].timestamp()) for r in rows if r["asset"].startswith("pump-"))


def test_an_hour_without_a_link_loses_nothing_and_live_data_comes_first(link, tmp_path):
    centre, files = centre_of(link, tmp_path / "centre")
    with running(centre):
        agent = agent_of(link, tmp_path / "agent", centre, files)
        with running(agent), httpx.Client(transport=from_outside(link), timeout=30) as client:
            device = Device(agent, client)
            now = int(time.time())
            device.write([now - 3700])
            wait_for(lambda: newest(centre) == now - 3700)
            wait_for(lambda: agent.get("/api/v1/status")["forward"]["waiting"] == 0)
            link.cut()
            for begin in range(0, ROUNDS, 10):
                device.write([now - 3600 + STEP * n for n in range(begin, begin + 10)])
            wait_for(lambda: not agent.get("/api/v1/status")["forward"]["reachable"])
            assert len(agent.get("/api/v1/assets", limit=500)["items"]) >= ASSETS
            device.write([live := int(time.time())])
            waiting = agent.get("/api/v1/status")["forward"]["waiting"]
            assert waiting == (ROUNDS + 1) * ASSETS * METRICS
            link.mend()
            began = time.monotonic()
            wait_for(lambda: newest(centre) == live, every=0.02)
            left = agent.get("/api/v1/status")["forward"]["waiting"]
            print(f"live data after {time.monotonic() - began:.1f} s, {left} samples behind it")
            wait_for(lambda: agent.get("/api/v1/status")["forward"]["waiting"] == 0)
            forward = agent.get("/api/v1/status")["forward"]
            assert forward["dropped"] == 0
            assert not forward["refused"]
            assert abs(forward["clock_offset_seconds"]) < 1.0
    first, last = (datetime.fromtimestamp(now + s, UTC) for s in (-7200, 600))
    span = ["--from", first.isoformat(), "--to", last.isoformat()]
    command = [AIOPS, "export", *span, "--config", centre.config, tmp_path / "bundle"]
    subprocess.run(command, cwd=centre.directory, check=True)
    held = stamps_at(tmp_path / "bundle")
    assert held == dict.fromkeys(device.written, ASSETS * METRICS)


def newest(centre):
    """The newest second of which the centre shows a value."""
    assets = {item["key"] for item in centre.get("/api/v1/assets", limit=500)["items"]}
    if "pump-3" not in assets:
        return None
    items = centre.get("/api/v1/series", asset="pump-3", limit=500)["items"]
    now = datetime.now(UTC)
    span = {
        "start": (now - timedelta(hours=2)).isoformat(),
        "end": (now + timedelta(seconds=2)).isoformat(),
    }
    told = centre.get("/api/v1/panels", ids=items[0]["id"], step=1, **span)
    values = zip(told["times"], told["columns"][0]["values"], strict=True)
    held = [datetime.fromisoformat(time).timestamp() for time, value in values if value is not None]
    return int(max(held)) if held else None


def test_a_centre_that_asks_for_certificates_refuses_who_shows_none(link, tmp_path):
    centre, files = centre_of(link, tmp_path / "centre")
    trusting = ssl.create_default_context(cafile=files["ca"])
    with running(centre), httpx.Client(verify=trusting, trust_env=False, timeout=60) as stranger:
        with pytest.raises(httpx.TransportError):
            stranger.get(f"{centre.url}/livez")
        assert centre.get("/api/v1/status")["forward"] is None
