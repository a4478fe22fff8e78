import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import timedelta

import psutil

from aiops.scale.executors.local import LocalExecutor, LocalSettings
from aiops.testing.executor import check_executor, square


def test_local_processes_keep_the_contract_of_executors(tmp_path):
    check_executor(lambda: LocalExecutor(LocalSettings(workers=2)), tmp_path)


def test_no_process_is_started_before_there_are_shards():
    before = len(psutil.Process().children())
    executor = LocalExecutor(LocalSettings(workers=2))
    assert len(psutil.Process().children()) == before
    executor.close()


def test_closing_ends_every_process():
    executor = LocalExecutor(LocalSettings(workers=2))
    list(executor.map(square, [1, 2], timedelta(minutes=1)))
    workers = [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]
    assert workers
    executor.close()
    assert not [worker for worker in workers if worker.is_running()]


def test_workers_do_not_outlive_a_parent_that_was_killed():
    program = """
        import sys, time
        from datetime import timedelta
        from aiops.scale.executors.local import LocalExecutor, LocalSettings
        from aiops.testing.executor import square
        if __name__ == "__main__":
            executor = LocalExecutor(LocalSettings(workers=2))
            print(list(executor.map(square, [1, 2], timedelta(minutes=1))), flush=True)
            time.sleep(600)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout.readline().strip() == "[1, 4]"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert children
        os.kill(parent.pid, signal.SIGKILL)
        until = time.monotonic() + 120
        while any(c.is_running() for c in children) and time.monotonic() < until:
            time.sleep(0.1)
    assert not [child for child in children if child.is_running()]
