"""Remote stores beside plain operations: ``python bench/remote.py [SERIES POINTS]``.

Needs the Debian package victoria-metrics; its server runs on a free port of this host.
"""

# ruff: noqa: SLF001  # the floors use the same connection and the same names

import http.client
import io
import json
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from aiops.domain.series import Samples
from aiops.domain.step import DAY, MINUTE
from aiops.store.remote.annotated_csv import decode
from aiops.store.remote.cells import SLICE
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.store.spool import Spool
from aiops.store.spooled import SpooledStore
from aiops.testing.panels import MONDAY
from tests.integration.stores.servers import missing, victoria_metrics
from tests.unit.store_remote.influx_server import annotated

ROUNDS = 5


def run(series: int = 5000, points: int = 1440) -> list[dict]:
    """Returns one row per figure, ratios to a floor of the same run."""
    rows = [flux(min(series, 500), min(points, 400))]
    why = missing("victoria-metrics")
    if why:
        return [*rows, {"stage": "remote.victoriametrics", "work": f"not run: {why}"}]
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as folder:
        directory = Path(folder)
        server = victoria_metrics(directory)
        server.start()
        try:
            rows += [writes(server, directory, series), panel(server, series, points)]
        finally:
            server.stop()
    return rows


def flux(series: int, points: int) -> dict:
    """Decodes one recorded answer, beside influxdb-client's own way to a data frame."""
    from influxdb_client.client.flux_csv_parser import FluxCsvParser, FluxSerializationMode

    rng = np.random.default_rng(1)
    start = MONDAY // 1_000_000
    tables = [
        (
            s,
            [
                (start + 60_000 * k, round(float(v), 2))
                for k, v in enumerate(rng.normal(50, 9, points))
            ],
        )
        for s in range(series)
    ]
    body = annotated(tables)

    class Response(io.BytesIO):
        def release_conn(self):
            pass

    def theirs():
        parser = FluxCsvParser(Response(body), FluxSerializationMode.dataFrame)
        with parser:
            return list(parser.generator())

    mine, floor = in_turns(lambda: decode(body, "bench"), theirs, clock=time.process_time, rounds=3)
    return row(
        "remote.flux_decode",
        f"{series} series x {points} points of annotated CSV into arrays",
        mine,
        "influxdb-client's data frame of the same bytes",
        floor,
    )


def writes(server, directory: Path, series: int, batches: int = 60) -> dict:
    """A daemon's minutes: spooled, sent, asked back and let go; beside encoding and a socket."""
    rng = np.random.default_rng(2)
    ids = np.arange(series)
    values = np.round(rng.normal(50, 9, (batches, series)), 2)
    store = VictoriaMetricsStore(VictoriaMetricsSettings(url=server.url, name="steady"))
    spooled = SpooledStore(store, Spool(directory / "spool.db", 1 << 30, DAY))
    heads = [head.decode() for head in store._heads.of(ids)]
    connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def bare(k):
        at = (MONDAY + k * MINUTE) // 1_000_000
        lines = [f"{head}{v} {at}\n" for head, v in zip(heads, values[k].tolist(), strict=True)]
        body = "".join(lines).encode()
        connection.request("POST", "/write?precision=ms&db=bare", body)
        connection.getresponse().read()

    bare(0)
    spooled.append(Samples(ids, np.full(series, MONDAY - MINUTE), values[0]))
    spooled.settle(60)
    begin = time.process_time()
    for k in range(batches):
        bare(k)
    floor = time.process_time() - begin
    begin, wall = time.process_time(), time.monotonic()
    for k in range(batches):
        spooled.append(Samples(ids, np.full(series, MONDAY + k * MINUTE), values[k]))
        time.sleep(0.02)
    spooled.drain(60)
    wall = time.monotonic() - wall
    spooled.settle(120)
    mine = time.process_time() - begin
    status = spooled.status()
    assert status["spool_samples"] == 0, status
    spooled.close()
    count = batches * series
    return row(
        "remote.steady_writes",
        f"{batches} batches of {series} samples, durable, read back: "
        f"{count / mine:,.0f} samples per CPU second ({count / wall:,.0f}/s by the wall clock)",
        mine,
        "line protocol encoded and sent over a socket, nothing else",
        floor,
    )


def panel(server, series: int, points: int) -> dict:
    """A day of the fleet as a matrix, beside the same exports read and thrown away."""
    rng = np.random.default_rng(3)
    store = VictoriaMetricsStore(
        VictoriaMetricsSettings(url=server.url, name="panel", timeout=timedelta(minutes=5))
    )
    chunk = 60
    for at in range(0, points, chunk):
        cells = np.arange(at, min(at + chunk, points))
        ids = np.repeat(np.arange(series), len(cells))
        times = MONDAY + np.tile(cells, series) * MINUTE + ids * 11 % 50_000 * 1_000_000
        store.append(Samples(ids, times, np.round(rng.normal(50, 9, len(ids)), 2)))
    store.flush()
    time.sleep(12)
    ids = np.arange(series)
    end = MONDAY + points * MINUTE

    def mine():
        return store.panel(ids, MONDAY, end, timedelta(minutes=1))

    def export(at):
        form = store._server.form(ids[at : at + SLICE], MONDAY // 1_000_000, end // 1_000_000)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return len(store._server._endpoint.request("POST", "/api/v1/export", form, kind).body)

    def raw():
        return sum(store._pool.map(export, range(0, series, SLICE)))

    assert np.isfinite(mine().values).all()
    wall, floor = in_turns(mine, raw, clock=time.monotonic)
    cpu, floor_cpu = in_turns(mine, raw, clock=time.process_time, rounds=2)
    store.close()
    return {
        **row(
            "remote.panel",
            f"panel of {series} series x {points} minutes, seconds by the wall clock",
            wall,
            "the server's own export of the same samples, read and thrown away",
            floor,
        ),
        "client_cpu_ratio": round(cpu / floor_cpu, 2),
    }


def in_turns(*works, clock, rounds=ROUNDS):
    taken = [[] for _ in works]
    for _ in range(rounds + 1):
        for mine, work in zip(taken, works, strict=True):
            begin = clock()
            work()
            mine.append(clock() - begin)
    return [statistics.median(mine[1:]) for mine in taken]


def row(stage, work, seconds, floor, floor_seconds):
    return {
        "stage": stage,
        "work": work,
        "cpu_seconds": round(seconds, 4),
        "floor": floor,
        "floor_cpu_seconds": round(floor_seconds, 4),
        "ratio": round(seconds / floor_seconds, 3),
    }


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:]]
    for figure in run(*numbers):
        sys.stdout.write(json.dumps(figure, indent=1) + "\n")
