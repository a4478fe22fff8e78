"""What the daemon costs when nothing happens: ``python -m aiops.bench.idle [SECONDS]``.

Starts ``aiops run`` with the shipped config.yaml in a temporary folder, lets it settle, and
reads CPU time and proportional set size of all its processes from ``/proc``.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

SETTLE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 2.0
_TICK: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Idle:
    """Cost over the measured stretch.

    Attributes:
        core_percent: CPU time of all processes over wall time, 100 is one core.
        pss_bytes: The most that was seen at once, all processes together.
        pss_end_bytes: What was seen last.
        settle_cpu_seconds: CPU time from the start to the begin of the measurement.
    """

    seconds: float
    core_percent: float
    pss_bytes: int
    pss_end_bytes: int
    processes: int
    settle_cpu_seconds: float
    cpu_seconds_by_thread: dict[str, float]


def measure(config: Path, seconds: float, settle: float = SETTLE_SECONDS) -> Idle:
    """Runs the daemon and returns its cost.

    Raises:
        RuntimeError: The daemon ended by itself.
    """
    with tempfile.TemporaryDirectory(prefix="aiops-idle-") as folder:
        place = Path(folder)
        text = config.read_text(encoding="utf-8").replace("port: 8420", "port: 0")
        (place / "config.yaml").write_text(text, encoding="utf-8")
        with (place / "log").open("wb") as log:
            daemon = subprocess.Popen(
                [sys.executable, "-c", "from aiops.cli import main; main()", "run"],
                cwd=place,
                stdout=log,
                stderr=log,
            )
            try:
                return _watch(daemon, seconds, settle)
            except RuntimeError as error:
                raise RuntimeError(f"{error}\n{(place / 'log').read_text()}") from error
            finally:
                daemon.send_signal(signal.SIGTERM)
                try:
                    daemon.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    daemon.kill()
                    daemon.wait()


def _watch(daemon: "subprocess.Popen[bytes]", seconds: float, settle: float) -> Idle:
    with contextlib.suppress(subprocess.TimeoutExpired):
        daemon.wait(settle)
    begin, threads = time.monotonic(), thread_seconds(daemon.pid)
    first = cpu_seconds(daemon.pid)
    most = last = count = 0
    while time.monotonic() - begin < seconds:
        time.sleep(min(_POLL_SECONDS, seconds))
        if daemon.poll() is not None:
            raise RuntimeError(f"the daemon ended with {daemon.returncode}")
        alive = family(daemon.pid)
        last, count = sum(pss_bytes(pid) for pid in alive), max(count, len(alive))
        most = max(most, last)
    taken = time.monotonic() - begin
    spent = cpu_seconds(daemon.pid) - first
    after = thread_seconds(daemon.pid)
    by_thread = {
        name: round(after[name] - threads.get(name, 0.0), 2)
        for name in sorted(after, key=lambda name: threads.get(name, 0.0) - after[name])
        if after[name] - threads.get(name, 0.0) > 0
    }
    return Idle(
        round(taken, 1),
        round(100 * spent / taken, 2),
        most,
        last,
        count,
        round(first, 2),
        by_thread,
    )


def family(pid: int) -> list[int]:
    """Returns a process and all that descend from it, as far as they are alive."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(entry / "stat")
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def cpu_seconds(pid: int) -> float:
    """Returns user and system time of a process, its children, and those that have ended."""
    total = 0
    for each in family(pid):
        fields = _stat(Path(f"/proc/{each}/stat"))
        # utime, stime, cutime, cstime: fields 14 to 17 of proc_pid_stat(5).
        total += sum(int(field) for field in fields[11:15]) if fields else 0
    return total / _TICK


def thread_seconds(pid: int) -> dict[str, float]:
    """Returns CPU time by name and number of thread."""
    found = {}
    for task in Path(f"/proc/{pid}/task").glob("*"):
        fields = _stat(task / "stat")
        if fields:
            name = (task / "comm").read_text().strip()
            found[f"{name}:{task.name}"] = sum(int(field) for field in fields[11:13]) / _TICK
    return found


def pss_bytes(pid: int) -> int:
    """Returns the proportional set size; 0 for a process that has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0
    lines = [line for line in text.splitlines() if line.startswith("Pss:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def _stat(path: Path) -> list[str]:
    """Returns the fields after the command's name, which may hold anything."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def main() -> None:
    """Prints the cost as JSON."""
    parser = argparse.ArgumentParser(description="What the daemon costs when idle.")
    parser.add_argument("seconds", nargs="?", type=float, default=120.0)
    parser.add_argument("--settle", type=float, default=SETTLE_SECONDS)
    parser.add_argument("--config", type=Path, default=Path("config.yaml"))
    given = parser.parse_args()
    found = asdict(measure(given.config, given.seconds, given.settle))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
