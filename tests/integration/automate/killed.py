"""A program that leads, approves and runs, and is killed at a named point."""

import sys
import time
from pathlib import Path

from aiops.automate.runbook import Step
from aiops.contracts.crash import arm
from tests.unit.automate.scene import Scene, a_runbook, an_incident


def main(directory: str, point: str) -> None:
    """Runs two steps, each of which writes a line."""
    arm(point)
    log = Path(directory, "acted")
    script = f"open({str(log)!r}, 'a').write('x')"
    step = Step("act", run=(sys.executable, "-c", script))
    world = Scene(Path(directory), a_runbook(steps=(step, step)))
    world.carry_out(an_incident(), "ada")
    time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
