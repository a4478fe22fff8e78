"""VictoriaMetrics beside what cannot be done without: its own export, bare lines on a socket.

The server is a real one, on a free port of this host; its CPU is told apart.
"""

import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.bench.fleet import BEGIN, STEP
from aiops.bench.idle import cpu_seconds
from aiops.bench.measure import ROUNDS, Figure, NotRun
from aiops.domain.series import Samples
from aiops.domain.step import DAY, MINUTE
from aiops.store.grid import MS
from aiops.store.remote.cells import SLICE
from aiops.store.remote.naming import line_head
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.store.remote.victoria_server import VictoriaServer
from aiops.store.spool import Spool
from aiops.store.spooled import SpooledStore

_PROGRAM: Final = "victoria-metrics"
_BATCHES: Final = 60


def measure(n_series: int, n_points: int, folder: Path) -> list[Figure]:
    """Steady writes of a fleet, and a panel of its history."""
    with _server(folder) as (port, pid):
        url = f"http://127.0.0.1:{port}"
        return [_writes(url, port, folder, n_series), *_panel(url, pid, n_series, n_points)]


def _writes(url: str, port: int, folder: Path, n_series: int) -> Figure:
    """A daemon's minutes: spooled, sent, asked back and let go."""
    rng = np.random.default_rng(2)
    ids = np.arange(n_series)
    values = np.round(rng.normal(50, 9, (_BATCHES, n_series)), 2)
    heads = [line_head(None, number, "bare").decode() for number in range(n_series)]
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def send_bare(batch: int) -> None:
        at = (BEGIN + batch * MINUTE) // MS
        pairs = zip(heads, values[batch].tolist(), strict=True)
        body = "".join([f"{head}{value} {at}\n" for head, value in pairs]).encode()
        connection.request("POST", "/write?precision=ms", body)
        connection.getresponse().read()

    store = VictoriaMetricsStore(VictoriaMetricsSettings(url=url, name="steady"))
    spooled = SpooledStore(store, Spool(folder / "spool.db", 1 << 30, DAY))
    spooled.append(Samples(ids, np.full(n_series, BEGIN - MINUTE), values[0]))
    spooled.settle(60)
    send_bare(0)
    begin = time.process_time()
    for batch in range(_BATCHES):
        send_bare(batch)
    floor = time.process_time() - begin
    begin, wall = time.process_time(), time.monotonic()
    for batch in range(_BATCHES):
        spooled.append(Samples(ids, np.full(n_series, BEGIN + batch * MINUTE), values[batch]))
        time.sleep(0.02)
    spooled.drain(60)
    wall = time.monotonic() - wall
    spooled.settle(120)
    mine = time.process_time() - begin
    spooled.close()
    connection.close()
    count = _BATCHES * n_series
    return Figure(
        "remote.steady_writes",
        f"{_BATCHES} batches of {n_series} samples, durable here, sent, read back: "
        f"{count / mine:,.0f} samples per CPU second, {count / wall:,.0f} per second of the clock",
        mine,
        "the same samples as line protocol, encoded and sent over a socket, nothing else",
        floor,
        2.0,
    )


def _panel(url: str, pid: int, n_series: int, n_points: int) -> list[Figure]:
    """A fleet's history as a matrix, beside the same exports read and thrown away."""
    rng = np.random.default_rng(3)
    settings = VictoriaMetricsSettings(url=url, name="panel", timeout=timedelta(minutes=5))
    store, server = VictoriaMetricsStore(settings), VictoriaServer(settings)
    ids = np.arange(n_series)
    for at in range(0, n_points, 60):
        cells = np.arange(at, min(at + 60, n_points))
        rows = np.repeat(ids, len(cells))
        times = BEGIN + np.tile(cells, n_series) * MINUTE + rows * 11 % 50_000 * MS
        store.append(Samples(rows, times, np.round(rng.normal(50, 9, len(rows)), 2)))
    store.flush()
    time.sleep(store.settles + 1)
    end = BEGIN + n_points * MINUTE

    def read_panel() -> object:
        return store.panel(ids, BEGIN, end, STEP)

    def export(at: int) -> int:
        return len(server.export(ids[at : at + SLICE], BEGIN // MS, end // MS))

    def read_raw() -> int:
        return sum(store.spread(export, range(0, n_series, SLICE)))

    found = _in_turns(read_panel, read_raw, pid)
    store.close()
    server.close()
    work = f"panel of {n_series} series x {n_points} minutes"
    floor = "the server's own export of the same samples, read by two threads and thrown away"
    return [
        Figure(
            f"remote.panel{name}",
            f"{words}{work}",
            float(np.median(found[0][:, column])),
            floor,
            float(np.median(found[1][:, column])),
            goal,
        )
        for column, (name, words, goal) in enumerate(_COUNTED)
    ]


_COUNTED: Final = (
    ("", "server and client together: ", 1.2),
    ("_client", "the client alone: ", None),
    ("_wall_seconds", "WALL seconds: ", None),
)


def _in_turns(
    mine: Callable[[], object], floor: Callable[[], object], pid: int
) -> list[NDArray[np.float64]]:
    """Returns of each, round by round, CPU seconds of both processes, of this one, and wall."""
    taken: list[list[tuple[float, float, float]]] = [[], []]
    for _ in range(ROUNDS + 1):
        for kept, work in zip(taken, (mine, floor), strict=True):
            begin = cpu_seconds(pid), time.process_time(), time.perf_counter()
            work()
            server, own = cpu_seconds(pid) - begin[0], time.process_time() - begin[1]
            kept.append((server + own, own, time.perf_counter() - begin[2]))
    return [np.array(kept[1:]) for kept in taken]


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, int]]:
    program = shutil.which(_PROGRAM)
    if program is None:
        raise NotRun(f"there is no {_PROGRAM} here (Debian package {_PROGRAM})")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [
        program,
        f"-storageDataPath={folder / 'vm'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-loggerLevel=ERROR",
    ]
    quiet: Any = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet)  # noqa: S603  # found on PATH
    try:
        _wait(process, port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise NotRun(f"{_PROGRAM} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise NotRun(f"{_PROGRAM} did not listen within 30 s")
