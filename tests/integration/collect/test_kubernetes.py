"""The official client against recorded documents, for no cluster can be had here."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.metric import MetricKind
from aiops.testing.collector import check_collector
from collectors.kubernetes import PLUGIN
from collectors.kubernetes.objects import METRICS, quantity
from collectors.kubernetes.settings import KubernetesSettings
from tests.contract.collect.test_collectors import _table
from tests.integration.collect.documents import serving

_DEADLINE = timedelta(seconds=60)


def condition(kind, status):
    return {"type": kind, "status": status}


def node(name, ready="True"):
    return {
        "metadata": {"name": name},
        "status": {
            "allocatable": {"cpu": "3920m", "memory": "15Gi"},
            "conditions": [
                condition("Ready", ready),
                condition("MemoryPressure", "False"),
                condition("DiskPressure", "True"),
                condition("NetworkUnavailable", "False"),
            ],
        },
    }


def pod(name, phase="Running", limits=True, **status):
    resources = {"limits": {"cpu": "500m", "memory": "512Mi"}} if limits else {}
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"pod-template-hash": "7d9f"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d9f"}],
        },
        "spec": {"nodeName": "n-1", "containers": [{"name": "web", "resources": resources}]},
        "status": {
            "phase": phase,
            "conditions": [condition("Ready", "True")],
            "containerStatuses": [{"name": "web", "restartCount": 4}],
            **status,
        },
    }


def usage(name, cpu, memory, **metadata):
    told = {"cpu": cpu, "memory": memory}
    return {
        "metadata": {"name": name, **metadata},
        "usage": told,
        "containers": [{"name": "web", "usage": told}],
    }


CLUSTER = {
    "/api/v1/nodes": {"metadata": {}, "items": [node("n-1"), node("n-2", "Unknown")]},
    "/api/v1/pods": {
        "metadata": {},
        "items": [
            pod("web-7d9f-a"),
            pod("web-7d9f-b", limits=False),
            pod("web-7d9f-c", "Failed", reason="Evicted"),
            pod("job-x", "Succeeded"),
        ],
    },
    "/apis/metrics.k8s.io/v1beta1/nodes": {"items": [usage("n-1", "1250m", "4Gi")]},
    "/apis/metrics.k8s.io/v1beta1/pods": {
        "items": [
            usage("web-7d9f-a", "250000000n", "256Mi", namespace="shop"),
            usage("gone", "1", "1Mi", namespace="shop"),
        ]
    },
    "/api/v1/nodes/n-1/proxy/stats/summary": {
        "pods": [
            {
                "volume": [
                    {
                        "name": "data",
                        "pvcRef": {"name": "data-db-0", "namespace": "shop"},
                        "usedBytes": 75,
                        "availableBytes": 25,
                        "capacityBytes": 105,
                        "inodes": 1000,
                        "inodesUsed": 10,
                    },
                    {"name": "token", "usedBytes": 1, "capacityBytes": 2},
                ]
            }
        ]
    },
}


def make(url, **more):
    return PLUGIN.create(KubernetesSettings(**{"url": url, **more}))


def collect(source):
    collection = source.collect({}, datetime.now(UTC), _DEADLINE)
    batch = collection.batch
    pairs = zip(batch.rows, batch.values, strict=True)
    found = {batch.series[row].text: value for row, value in pairs}
    return found, dict(collection.dropped)


def test_nodes_pods_and_volumes_and_their_limits():
    with serving(CLUSTER) as server:
        source = make(server.url)
        found, dropped = collect(source)
    web = "shop/pod:web-7d9f-a"
    assert found == {
        "n-1 k8s.node.ready": 1.0,
        "n-2 k8s.node.ready": 0.0,
        "n-1 k8s.node.pressure{condition=memory}": 0.0,
        "n-2 k8s.node.pressure{condition=memory}": 0.0,
        "n-1 k8s.node.pressure{condition=disk}": 1.0,
        "n-2 k8s.node.pressure{condition=disk}": 1.0,
        "n-1 k8s.node.pods.evicted": 1.0,
        "n-2 k8s.node.pods.evicted": 0.0,
        "n-1 k8s.node.cpu.usage": 1.25,
        "n-1 k8s.node.memory.usage": 4.0 * 2**30,
        f"{web} k8s.pod.ready": 1.0,
        f"{web} k8s.container.restarts{{container=web}}": 4.0,
        f"{web} k8s.pod.cpu.usage": 0.25,
        f"{web} k8s.pod.memory.usage": 256.0 * 2**20,
        "shop/pod:web-7d9f-b k8s.pod.ready": 1.0,
        "shop/pod:web-7d9f-b k8s.container.restarts{container=web}": 4.0,
        "shop/volume:data-db-0 system.filesystem.utilization": 0.75,
        "shop/volume:data-db-0 system.filesystem.usage": 75.0,
        "shop/volume:data-db-0 system.filesystem.inodes.utilization": 0.01,
    }
    assert dropped == {"http": 1}  # the second node's volumes
    inventory = source.discover()
    fails = {(limit.asset, limit.metric): limit.fail for limit in inventory.limits}
    assert fails[web, "k8s.pod.memory.usage"] == 512 * 2**20
    assert fails["n-1", "k8s.node.cpu.usage"] == 3.92
    assets = {asset.key: asset for asset in inventory.assets}
    assert assets[web].parent == "shop/deployment:web"
    assert assets[web].depends_on == ("n-1",)
    kinds = {metric.name: metric.kind for metric in inventory.metrics}
    assert kinds["k8s.container.restarts"] is MetricKind.COUNTER


def test_pods_come_in_pages():
    def pages(asked):
        second = asked.query.get("continue") == "next"
        mark = {} if second else {"continue": "next"}
        return {"metadata": mark, "items": [pod("web-7d9f-b" if second else "web-7d9f-a")]}

    with serving({**CLUSTER, "/api/v1/pods": pages}) as server:
        found, _ = collect(make(server.url, cluster="prod"))
        assert all(
            one.query["limit"] == "500"
            for one in server.asked
            if one.path.endswith("pods") and "metrics" not in one.path
        )
    assert {
        "prod/shop/pod:web-7d9f-a k8s.pod.ready",
        "prod/shop/pod:web-7d9f-b k8s.pod.ready",
    } <= found.keys()


@pytest.mark.parametrize("missing", [path for path in CLUSTER if path != "/api/v1/nodes"])
def test_what_one_part_refuses_costs_no_other(missing):
    with serving({**CLUSTER, missing: 403}) as server:
        found, dropped = collect(make(server.url))
    assert "n-1 k8s.node.ready" in found
    assert dropped["auth"] == 1


def test_pods_beyond_the_bound_and_of_other_namespaces_are_left_out():
    with serving(CLUSTER) as server:
        found, dropped = collect(make(server.url, max_pods=1, volumes=False))
        assert dropped == {"limit": 1}
        found, dropped = collect(make(server.url, namespaces=("kube-*",), volumes=False))
    assert not any("pod:" in text for text in found)
    assert dropped == {}


def test_a_token_is_sent_and_never_shown_and_one_in_a_file_may_change(tmp_path):
    file = tmp_path / "token"
    with serving(CLUSTER, token="Bearer good") as server:
        assert collect(make(server.url, bearer_token=Secret("good")))[0]
        source = make(server.url, token_file=str(file))
        with pytest.raises(Unreachable, match="cannot be read"):
            collect(source)
        file.write_text("hunter2\n")
        with pytest.raises(Unreachable) as raised:
            collect(source)
        assert raised.value.kind == "auth"
        assert "hunter2" not in str(raised.value)
        file.write_text("good\n")
        assert collect(source)[0]


@pytest.mark.parametrize(
    ("nodes", "kind"),
    [
        (b"<html>", "format"),
        ([1], "format"),
        ({"items": []}, "empty"),
        ({"items": [{}, "x"]}, "empty"),
        (500, "http"),
        (429, "throttled"),
    ],
)
def test_what_is_no_cluster_is_told(nodes, kind):
    with serving({"/api/v1/nodes": nodes}) as server, pytest.raises(Unreachable) as raised:
        collect(make(server.url))
    assert raised.value.kind == kind


def test_objects_that_lack_their_parts_cost_no_other():
    world = deepcopy(CLUSTER)
    world["/api/v1/pods"]["items"] += [{}, "x", {"metadata": 3, "spec": [], "status": None}]
    world["/apis/metrics.k8s.io/v1beta1/pods"]["items"] += [
        {"containers": [{"usage": {"cpu": "x"}}]}
    ]
    world["/api/v1/nodes/n-1/proxy/stats/summary"]["pods"] += [None, {"volume": [3, {}]}]
    with serving(world) as server:
        found, dropped = collect(make(server.url))
    assert len(found) == 19
    assert dropped["format"] == 2


def test_it_keeps_the_contract():
    with serving(CLUSTER) as server:
        check_collector(lambda: make(server.url), dead=lambda: make("http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("250m", 0.25),
        ("1Gi", 2.0**30),
        ("128974848", 128_974_848.0),
        ("12e6", 12e6),
        ("x", None),
        (None, None),
    ],
)
def test_quantities_are_read_as_the_cluster_writes_them(text, number):
    assert quantity(text) == number


def test_the_table_names_every_metric():
    told = [
        (row["metric"], row["unit"], row["kind"], row["bad_direction"])
        for row in _table("kubernetes")
    ]
    assert told == [(one.name, one.unit, one.kind, one.bad_direction) for one in METRICS]


@pytest.mark.parametrize(
    "wrong",
    [{"url": "https://169.254.169.254"}, {"bearer_token": Secret("a"), "token_file": "b"}],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    with pytest.raises(ConfigError):
        PLUGIN.create(KubernetesSettings(**wrong))


def edges_of(source):
    told = source.discover()
    return {(asset.key, target) for asset in told.assets for target in asset.depends_on}, told.whole


def test_a_pod_that_moved_or_went_leaves_its_node():
    cluster = deepcopy(CLUSTER)
    pods = cluster["/api/v1/pods"]["items"]
    a, b = "shop/pod:web-7d9f-a", "shop/pod:web-7d9f-b"
    with serving(cluster) as server:
        source = make(server.url)
        collect(source)
        assert edges_of(source) == ({(a, "n-1"), (b, "n-1")}, True)
        same = source.discover()
        collect(source)
        assert source.discover() is same
        pods[0]["spec"]["nodeName"] = "n-2"
        del pods[1]
        collect(source)
        assert edges_of(source) == ({(a, "n-2")}, True)
        pods.append(pod("web-7d9f-b"))
        collect(source)
        assert edges_of(source) == ({(a, "n-2"), (b, "n-1")}, True)


def test_what_was_not_read_whole_is_not_said_to_be():
    with serving(CLUSTER) as server:
        source = make(server.url, max_pods=1)
        collect(source)
        assert not source.discover().whole
    lacking = {path: told for path, told in CLUSTER.items() if path != "/api/v1/pods"}
    with serving(lacking) as server:
        source = make(server.url)
        collect(source)
        assert not source.discover().whole
