"""What agents push, through to the durable store, held against a bare parse of the same bodies."""

import http.client
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from aiops.assemble import assemble
from aiops.bench.daemon import BenchDaemon
from aiops.bench.measure import ROUNDS, Figure, NotRun, in_turns
from aiops.bench.push_bodies import SAMPLES, Protocol, protocols
from aiops.collect.push import Agent, PushSources
from aiops.config import default
from aiops.contracts.errors import PluginError
from aiops.contracts.receiver import Push
from aiops.domain.instant import to_ns
from aiops.ledger.open import open_ledger
from aiops.store.open import open_store
from aiops.store.panels import LivePanels

_BODIES: Final = 4
_POSTED: Final = 60
_STEP: Final = timedelta(seconds=10)
_GOAL: Final = 3.0
_P99_SECONDS: Final = 0.2


def measure(_series: int, _points: int, folder: Path) -> list[Figure]:
    """Each protocol in this process, CPU only; then over HTTP into a daemon, by the clock.

    Raises:
        NotRun: A receiver's library is not installed.
    """
    try:
        chosen = protocols()
    except ImportError as error:
        raise NotRun(f"{error}: install 'aiops[push]'") from error
    found = [_in_process(one, folder) for one in chosen]
    place = folder / "daemon"
    place.mkdir()
    most = f"collect: {{sources: [], series_per_source: {SAMPLES * 2}}}\n"
    daemon = BenchDaemon(place, most)
    every = f"{_STEP.total_seconds():g}s"
    tokens = {
        one.kind: daemon.run("token", "create", one.kind, "--interval", every) for one in chosen
    }
    try:
        daemon.start()
        found += [_post(one, daemon.port, tokens[one.kind]) for one in chosen]
    finally:
        daemon.close()
    return found


def _loads(one: Protocol, count: int, now: datetime) -> list[bytes]:
    """Returns bodies of the same series, ten seconds apart, of values that move slowly."""
    rng = np.random.default_rng(7)
    steps = rng.normal(0, 0.5, (count, SAMPLES))
    values = np.abs(50 + np.cumsum(steps, axis=0)).round(4)
    first = now - _STEP * count
    return [one.encode(to_ns(first + _STEP * n), values[n].tolist()) for n in range(count)]


def _in_process(one: Protocol, folder: Path) -> Figure:
    now = datetime.now(UTC).replace(microsecond=0)
    place = folder / one.kind
    place.mkdir()
    settings = default()
    settings = replace(settings, collect=replace(settings.collect, series_per_source=SAMPLES * 2))
    ledger = open_ledger(f"sqlite:///{place / 'ledger.db'}", now)
    store = open_store(settings.store, place)
    panels = LivePanels(store, ledger.catalogue, place, settings.store)
    pipeline = assemble(settings, ledger, panels)
    pipeline.load()
    pushes = PushSources(
        (),
        lambda source, interval, told, found, may: pipeline.collect(
            source, interval, told, found, now, may
        ),
        ledger.asset_sources,
        lambda: pipeline.fleet.assets,
        lambda: pipeline.fleet.metrics,
    )
    agent = Agent("bench", (), _STEP)
    rounds = iter(_loads(one, _BODIES * (ROUNDS + 1), now))

    def take(body: bytes) -> None:
        push = Push(one.path, agent.source, {}, one.headers, body, now)
        told = pushes.receive(one.kind, agent, push)
        if told.status >= 300 or told.accepted != SAMPLES:  # no success
            raise PluginError(f"{one.kind}: {told.status} {told.body[:200]!r}")

    def take_some() -> None:
        for _ in range(_BODIES):
            take(next(rounds))

    same = _loads(one, _BODIES, now)
    try:
        mine, floor = in_turns(
            take_some,
            lambda: [one.parse(body) for body in same],
        )
    finally:
        pipeline.close()
        panels.close()
        store.close()
        ledger.close()
    count = _BODIES * SAMPLES
    work = f"{_BODIES} bodies of {SAMPLES} samples, stored; {count / mine:,.0f} samples/CPU s"
    return Figure(f"receive.{one.name}", work, mine, one.floor, floor, _GOAL)


def _post(one: Protocol, port: int, token: str) -> Figure:
    """Posts bodies one after another and takes the time of each answer."""
    bodies = _loads(one, _POSTED + 2, datetime.now(UTC).replace(microsecond=0))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Content-Type": "text/plain",
        **one.headers,
        "Authorization": f"Bearer {token}",
    }
    seconds = []
    for body in bodies:
        begin = time.perf_counter()
        connection.request("POST", one.path, body, headers)
        answer = connection.getresponse()
        told = answer.read()
        seconds.append(time.perf_counter() - begin)
        if answer.status >= 300:  # no success
            raise PluginError(f"{one.kind}: {answer.status} {told[:200]!r}")
    connection.close()
    seconds = seconds[2:]  # the first two bring the series
    per_second = len(seconds) * SAMPLES / sum(seconds)
    work = (
        f"WALL seconds over HTTP into a daemon, p99 of {_POSTED} bodies of {SAMPLES} samples; "
        f"one after another {per_second:,.0f} samples a second"
    )
    p99, p50 = float(np.quantile(seconds, 0.99)), float(np.median(seconds))
    goal = _P99_SECONDS / p50
    return Figure(f"receive.{one.name}_p99_seconds", work, p99, "its median", p50, goal)
