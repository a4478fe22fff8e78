"""A process killed between any two steps leaves `unknown`, and nothing is done again."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from aiops.domain.run import RunReason, RunState
from tests.unit.automate.scene import NOW, Scene, a_runbook, an_incident

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("point", "acted"),
    [
        ("automate.after_begin", 0),
        ("automate.after_step", 1),
        ("automate.after_step:2", 2),
        ("automate.before_end", 2),
    ],
)
def test_a_run_that_was_killed_is_unknown_and_never_repeated(tmp_path, point, acted):
    command = [sys.executable, "-m", "tests.integration.automate.killed", str(tmp_path), point]
    died = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=300)
    assert died.returncode == -9, died.stderr.decode()
    log = tmp_path / "acted"
    before = log.read_text() if log.exists() else ""
    assert len(before) == acted
    world = Scene(tmp_path, a_runbook())
    world.now = NOW + timedelta(days=366)
    world.fence = world.ledger.acquire_lease("next", timedelta(days=1), world.now)
    for _ in range(3):
        world.tick(an_incident())
    run = world.run()
    assert (run.state, run.reason) == (RunState.UNKNOWN, RunReason.INTERRUPTED)
    assert len(run.results) == acted
    assert (log.read_text() if log.exists() else "") == before
    assert len(world.ledger.audit_rows()) >= 4
    assert world.ledger.verify_audit() is None
    world.automation.close()
    world.ledger.close()
