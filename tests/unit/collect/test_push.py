"""What a token allows, how often its series come, and what is acknowledged."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.collect.push import Agent, PushSources
from aiops.collect.settings import SourceSettings
from aiops.collect.spacing import Spacing
from aiops.contracts.errors import Refused, StoreError, Unavailable
from aiops.contracts.receiver import Push
from aiops.domain.metric import Metric
from aiops.domain.series import Batch, SeriesKey

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
SECOND = 10**9


class World:
    """A store that remembers what was delivered, and who told of which asset."""

    def __init__(self, *sources, told_by=None, **more):
        self.delivered = []
        self.assets = {}
        self.broken = False
        self.metrics = {}
        self.pushes = PushSources(
            sources,
            self.deliver,
            lambda: told_by or {},
            lambda: self.assets,
            lambda: self.metrics,
            **more,
        )

    def deliver(self, source, interval_ns, collection, inventory, may_join):
        if self.broken:
            raise StoreError("the disk is full")
        self.delivered.append((source, interval_ns, collection.batch, inventory))
        self.may_join = may_join
        return {}

    def write(self, lines, agent=None, at=NOW, kind="influx_line"):
        body = "\n".join(lines).encode()
        agent = agent or Agent("site-a")
        push = Push("/write", agent.source, {}, {}, body, at)
        return self.pushes.receive(kind, agent, push)


def line(asset, at=NOW_NS, value=1):
    return f"m,host={asset} v={value} {at}"


def test_what_is_not_durable_is_not_acknowledged():
    world = World()
    world.broken = True
    with pytest.raises(Unavailable, match="disk is full") as raised:
        world.write([line("a")])
    assert raised.value.retry_after
    world.broken = False
    assert world.write([line("a")]).status == 204
    assert world.pushes.statuses()[0].runs == 1


def test_assets_of_another_source_and_their_parts_are_refused():
    world = World(told_by={"db": "node", "own": "site-a"})
    answer = world.write([line("db"), line("db/volume:/data"), line("own"), line("new")])
    assert answer.status == 400
    assert b"foreign_asset: 2" in answer.body
    (_, _, batch, inventory) = world.delivered[0]
    assert {key.asset for key in batch.series} == {"own", "new"}
    assert {asset.key for asset in inventory.assets} == {"own", "new"}
    assert [batch.series[row].asset for row in batch.rows] == ["own", "new"]


def test_patterns_of_a_token_are_all_it_may_push():
    world = World(told_by={"db-1": "node"})
    agent = Agent("site-a", ("db-*",))
    answer = world.write([line("db-1"), line("web-1")], agent)
    assert b"foreign_asset: 1" in answer.body
    assert [key.asset for key in world.delivered[0][2].series] == ["db-1"]


def test_the_same_series_stay_the_same_tuple_also_when_some_are_refused():
    world = World(told_by={"db": "node"})
    for second in range(3):
        world.write([line(a, NOW_NS + second * SECOND) for a in ("db", "web")])
    first, *others = (batch.series for _, _, batch, _ in world.delivered)
    assert all(series is first for series in others)
    inventories = [inventory for *_, inventory in world.delivered]
    assert all(inventory is inventories[0] for inventory in inventories)


def test_a_metric_that_is_known_is_not_declared_anew():
    world = World()
    world.metrics = {"m_v": Metric("m_v", "By")}
    world.write([line("a")])
    assert world.delivered[0][3].metrics == ()


def test_the_interval_is_declared_or_learned_and_a_minute_before_that():
    world = World()
    for seconds in (0, 10, 20):
        world.write([line("a", NOW_NS + seconds * SECOND)])
    assert [interval // SECOND for _, interval, _, _ in world.delivered] == [60, 10, 10]
    declared = World()
    declared.write([line("a")], Agent("site-a", interval=timedelta(seconds=5)))
    assert declared.delivered[0][1] == 5 * SECOND
    configured = World(SourceSettings("site-a", "influx_line", timedelta(seconds=30)))
    configured.write([line("a")], Agent("site-a", interval=timedelta(seconds=5)))
    assert configured.delivered[0][1] == 30 * SECOND


def test_a_source_takes_only_what_it_is_configured_for():
    world = World(
        SourceSettings("site-a", "host"), SourceSettings("off", "influx_line", enabled=False)
    )
    with pytest.raises(Refused, match="configured as host"):
        world.write([line("a")])
    with pytest.raises(Refused, match="paused"):
        world.write([line("a")], Agent("off"))
    assert not world.delivered


def test_an_agent_that_stops_is_told_once_and_once_when_it_is_back():
    world = World(silent_after=3)
    agent = Agent("site-a", interval=timedelta(seconds=10))
    world.write([line("a")], agent)
    assert world.pushes.tick(NOW + timedelta(seconds=29)) == ()
    late = NOW + timedelta(seconds=50)
    assert [change.kind for change in world.pushes.tick(late)] == ["source_silent"]
    assert world.pushes.tick(late + timedelta(seconds=1)) == ()
    world.write([line("a", NOW_NS + 60 * SECOND)], agent, late + timedelta(seconds=10))
    assert [c.kind for c in world.pushes.tick(late + timedelta(seconds=11))] == ["source_back"]


def test_spacing_is_the_median_over_series_and_batches():
    spacing = Spacing()
    keys = (SeriesKey("a", "x"), SeriesKey("a", "y"))

    def batch(rows, seconds, series=keys):
        times = np.array(seconds, np.int64) * SECOND
        return Batch(series, np.array(rows, np.int32), times, np.zeros(len(rows)))

    assert spacing.note(batch([0, 1], [100, 101])) == 0
    assert spacing.note(batch([1, 0, 0], [116, 115, 130])) == 15 * SECOND
    assert spacing.note(batch([0], [90])) == 15 * SECOND
    grown = (*keys, SeriesKey("b", "x"))
    assert spacing.note(batch([0, 2], [190, 190], grown)) == 60 * SECOND
