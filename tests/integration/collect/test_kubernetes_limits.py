"""What a container may use is a limit that is foreseen: from the API's documents to a crossing."""

from copy import deepcopy
from datetime import timedelta

import pytest

from aiops.collect.inventory import complete_inventory
from aiops.collect.settings import SourceSettings
from aiops.config import parse
from aiops.daemon.service import Service
from aiops.domain.asset import SYSTEM
from aiops.domain.metric import Direction
from aiops.testing.clock import FakeClock
from tests.integration.collect.documents import serving
from tests.integration.collect.test_kubernetes import CLUSTER, make, usage

STEP = timedelta(minutes=10)
DAYS = 2
MEBI = 2**20
MOST = 512 * MEBI


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def one(tmp_path, clock):
    config = parse(f"store: {{ledger_url: 'sqlite:///{tmp_path}/ledger.db'}}\n", "c.yaml")
    service = Service(config, tmp_path / "data", clock)
    service.load()
    yield service
    service.close()


def live(one, clock, source, server, memory):
    """Reads the cluster every ten minutes; the pod uses ever more memory."""
    settings = SourceSettings("k8s", "kubernetes", STEP)
    for number in range(DAYS * 144):
        clock.sleep(STEP.total_seconds())
        told = usage("web-7d9f-a", "100m", str(memory(number)), namespace="shop")
        server.by_path["/apis/metrics.k8s.io/v1beta1/pods"] = {"items": [told]}
        found = source.collect({}, clock.now(), timedelta(seconds=60))
        inventory = complete_inventory(source.discover(), settings)
        one.pipeline.collect("k8s", 600 * 10**9, found, inventory, clock.now())
    clock.sleep(STEP.total_seconds())
    one.analyse_tick()


def test_a_pod_that_nears_its_memory_limit_is_foreseen_to_meet_it(one, clock):
    with serving(deepcopy(CLUSTER)) as server:
        source = make(server.url, volumes=False)
        live(one, clock, source, server, lambda n: 100 * MEBI + n * MEBI)
        source.close()
    limits = {(limit.asset, limit.metric): limit for limit in one.ledger.limits()}
    pod = "shop/pod:web-7d9f-a"
    limit = limits[pod, "k8s.pod.memory.usage"]
    assert (limit.fail, limit.direction) == (MOST, Direction.UP)
    assert limits[pod, "k8s.pod.cpu.usage"].fail == 0.5
    assert ("shop/pod:web-7d9f-b", "k8s.pod.memory.usage") not in limits  # it has none
    found = {each.series.metric: each for each in one.ledger.crossings(SYSTEM, pod)}
    crossing = found["k8s.pod.memory.usage"]
    assert crossing.limit == MOST
    assert crossing.probability is not None
    assert crossing.probability > 0.5
    # 388 MiB are used by now and one more in ten minutes: 124 steps are left
    left = crossing.likely - crossing.origin
    assert timedelta(hours=15) < left < timedelta(hours=27)
    assert (found["k8s.pod.cpu.usage"].probability or 0.0) < 0.5
