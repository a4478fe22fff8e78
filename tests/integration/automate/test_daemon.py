"""The whole daemon: a runbook of a file, an incident, two people over HTTP, one real program."""

import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from aiops import cli
from aiops.api.access import new_token
from aiops.api.app import create_app
from aiops.config import parse
from aiops.daemon.clock import SystemClock
from aiops.daemon.server import HttpServer, listen
from aiops.daemon.service import Service
from aiops.domain.access import Role
from aiops.domain.asset import SYSTEM
from tests.unit.automate.scene import an_incident
from tests.waiting import wait_for

BOOK = """\
name: leave-a-mark
title: Leave a mark
tier: high
parameters: [{{name: device, source: label, label: device}}]
steps: [{{name: mark, run: [{python}, -c, "import sys; open(sys.argv[1], 'a').write(sys.argv[2])",
  {mark}, "{{device}}"]}}]
verify: [{{name: there, run: [test, -s, {mark}]}}]
"""


def client(service, base, name, role=Role.APPROVER):
    now = service.clock.now()
    secret, credential = new_token(name, role, SYSTEM, now, timedelta(hours=1))
    service.ledger.put_credential(credential)
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=60)


def test_two_people_approve_over_http_and_the_daemon_runs_it_once(tmp_path, monkeypatch, capsys):
    books, mark = tmp_path / "books", tmp_path / "mark"
    books.mkdir()
    (books / "a.yaml").write_text(BOOK.format(python=sys.executable, mark=mark))
    config = tmp_path / "config.yaml"
    config.write_text(
        f"store: {{directory: {tmp_path}/data}}\nautomate: {{enabled: true, runbooks: {books}}}\n"
    )
    service = Service(parse(config.read_text(), str(config)), tmp_path / "data", SystemClock())
    server = HttpServer(create_app(service), listen("127.0.0.1", 0))
    server.start()
    opened = ExitStack()
    try:
        service.load()
        base = f"http://127.0.0.1:{server.port}"
        now = service.clock.now()
        incident = replace(an_incident(), opened_at=now, updated_at=now)
        with service.ledger.begin() as tx:
            stored = tx.put_incident(incident)
        service.pipeline.incidents.book.by_key[stored.key] = stored
        service.automate_tick()
        ada = opened.enter_context(client(service, base, "ada"))
        bo = opened.enter_context(client(service, base, "bo"))
        (run,) = ada.get("/api/v1/runs").json()["items"]
        path, digest = f"/api/v1/runs/{run['id']}/approve", {"digest": run["digest"]}
        assert ada.post(path, json=digest).json()["state"] == "proposed"
        assert ada.post(path, json=digest).status_code == 409
        assert bo.post(path, json=digest).json()["state"] == "approved"
        for _ in range(3):
            service.automate_tick()
        found = wait_for(lambda: over(ada.get(f"/api/v1/runs/{run['id']}").json()))
        assert (found["state"], found["verified"]) == ("succeeded", True)
        assert mark.read_text() == "sda1"
        assert "exit code 0" in ada.get("/runbooks").text
    finally:
        opened.close()
        server.stop()
        service.close()
    told = command(monkeypatch, capsys, "runs", config)
    assert "succeeded" in told
    assert "approved by ada, bo" in told
    assert command(monkeypatch, capsys, "check", config).endswith("1 ok\n")
    assert "stopped" in command(monkeypatch, capsys, "halt", config)
    assert "go on" in command(monkeypatch, capsys, "resume", config)


def over(run):
    return run if run["state"] not in {"approved", "running"} else None


def command(monkeypatch, capsys, name, config):
    monkeypatch.setattr(sys, "argv", ["aiops", "runbook", name, "--config", str(config)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    captured = capsys.readouterr()
    assert left.value.code == 0, captured.err
    return captured.out
