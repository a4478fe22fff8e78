"""What is read from /proc of a running process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiops.bench.idle import cpu_seconds, family, measure, pss_bytes, thread_seconds

BUSY = "import sys; sum(range(30_000_000)); print(flush=True); sys.stdin.read()"


@pytest.fixture
def child():
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        yield process
        process.stdin.close()


def test_a_child_belongs_to_the_family_and_its_time_is_counted(child):
    alone = cpu_seconds(child.pid)
    assert alone > 0
    assert child.pid in family(os.getpid())
    assert cpu_seconds(os.getpid()) >= alone


def test_the_time_of_a_single_thread_is_that_of_its_process(child):
    assert sum(thread_seconds(child.pid).values()) == pytest.approx(cpu_seconds(child.pid))


def test_a_running_interpreter_takes_memory_and_one_that_is_gone_takes_none(child):
    assert pss_bytes(child.pid) > 1_000_000
    child.stdin.close()
    child.wait()
    assert pss_bytes(child.pid) == 0


def test_a_daemon_that_cannot_start_is_told_with_its_log(tmp_path: Path):
    config = tmp_path / "config.yaml"
    config.write_text("colect: {}\n")
    with pytest.raises(RuntimeError, match="colect"):
        measure(config, 0.2, settle=90)
