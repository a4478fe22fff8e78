"""What is made of the cluster's objects.

Source: Kubernetes API v1 (Node, Pod), metrics.k8s.io/v1beta1, kubelet's stats summary; names after
OpenTelemetry's conventions for Kubernetes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from kubernetes.utils.quantity import parse_quantity

from aiops.domain.asset import Asset
from aiops.domain.identity import Identity, IdentityKind, identify, identify_host
from aiops.domain.metric import Direction, Metric, MetricKind

_UP, _DOWN = Direction.UP, Direction.DOWN
Object = Mapping[str, Any]


def _share(name: str, bad: Direction) -> Metric:
    return Metric(name, "1", bad_direction=bad, floor=0.0, ceiling=1.0)


def _amount(name: str, unit: str, kind: MetricKind = MetricKind.GAUGE) -> Metric:
    return Metric(name, unit, kind, _UP, floor=0.0)


NODE_READY: Final = _share("k8s.node.ready", _DOWN)
PRESSURE: Final = _share("k8s.node.pressure", _UP)
NODE_CPU: Final = _amount("k8s.node.cpu.usage", "{cpu}")
NODE_MEMORY: Final = _amount("k8s.node.memory.usage", "By")
EVICTED: Final = _amount("k8s.node.pods.evicted", "{pod}")
POD_READY: Final = _share("k8s.pod.ready", _DOWN)
RESTARTS: Final = _amount("k8s.container.restarts", "{restart}", MetricKind.COUNTER)
POD_CPU: Final = _amount("k8s.pod.cpu.usage", "{cpu}")
POD_MEMORY: Final = _amount("k8s.pod.memory.usage", "By")
VOLUME: Final = _share("system.filesystem.utilization", _UP)
INODES: Final = _share("system.filesystem.inodes.utilization", _UP)
VOLUME_USAGE: Final = _amount("system.filesystem.usage", "By")
METRICS: Final = (
    NODE_READY, PRESSURE, NODE_CPU, NODE_MEMORY, EVICTED, POD_READY, RESTARTS, POD_CPU, POD_MEMORY,
    VOLUME, INODES, VOLUME_USAGE,
)  # fmt: skip
_PRESSURES: Final = {"MemoryPressure": "memory", "DiskPressure": "disk", "PIDPressure": "pid"}
_ADDRESSES: Final = {
    "InternalIP": IdentityKind.ADDRESS,
    "ExternalIP": IdentityKind.ADDRESS,
    "Hostname": IdentityKind.NAME,
    "InternalDNS": IdentityKind.NAME,
}
_OVER: Final = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class Reading:
    """One number, and the limit that comes with it."""

    metric: Metric
    value: float
    assets: tuple[Asset, ...]
    labels: tuple[tuple[str, str], ...] = ()
    fail: float | None = None
    warn: float | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that runs or is to run.

    Attributes:
        assets: What it belongs to, then itself.
        limits: Sums over its containers, where every one of them has a limit.
    """

    assets: tuple[Asset, ...]
    limits: Mapping[str, float]


def read_node(node: Object) -> Iterator[Reading]:
    """Yields the conditions of a node."""
    assets = (Asset(name_of(node)),)
    for condition in objects(at(node, "status", "conditions")):
        kind, told = condition.get("type"), condition.get("status")
        if kind == "Ready":
            # Unknown is what the cluster says of a node that it has not heard of.
            yield Reading(NODE_READY, float(told == "True"), assets, fail=0.0)
        elif kind in _PRESSURES and told in {"True", "False"}:
            labels = (("condition", _PRESSURES[kind]),)
            yield Reading(PRESSURE, float(told == "True"), assets, labels, fail=1.0)


def identify_node(node: Object) -> Iterator[Identity]:
    """Yields by what a node is known to other sources.

    Source: Kubernetes API v1, Node: ``status.nodeInfo``, ``status.addresses``, ``spec.providerID``.
    """
    name = name_of(node)
    provider = str(at(node, "spec", "providerID") or "").rpartition("/")[2]
    yield from identify_host(name, provider)
    for kind, told in (
        (IdentityKind.MACHINE_ID, at(node, "status", "nodeInfo", "machineID")),
        (IdentityKind.UUID, at(node, "status", "nodeInfo", "systemUUID")),
        (IdentityKind.K8S_UID, at(node, "metadata", "uid")),
    ):
        yield from identify(name, kind, str(told or ""))
    for address in objects(at(node, "status", "addresses")):
        known = _ADDRESSES.get(str(address.get("type")))
        if known is not None:
            yield from identify(name, known, str(address.get("address") or ""))


def read_node_usage(usage: Object, node: Object) -> Iterator[Reading]:
    """Yields what a node uses of what it can give."""
    assets = (Asset(name_of(usage)),)
    for name, metric in (("cpu", NODE_CPU), ("memory", NODE_MEMORY)):
        value = quantity(at(usage, "usage", name))
        most = quantity(at(node, "status", "allocatable", name))
        if value is not None:
            yield Reading(metric, value, assets, fail=most or None)


def place_pod(pod: Object, prefix: str) -> Pod:
    """Returns where a pod belongs: its workload, then itself; it runs on its node."""
    space = f"{prefix}{at(pod, 'metadata', 'namespace')}"
    node = at(pod, "spec", "nodeName")
    workload = _workload(pod)
    assets: tuple[Asset, ...] = ()
    if workload:
        key = f"{space}/{workload[0].lower()}:{workload[1]}"
        assets = (Asset(key, "workload"),)
    own = Asset(
        f"{space}/pod:{name_of(pod)}",
        "pod",
        parent=assets[0].key if assets else "",
        depends_on=(node,) if isinstance(node, str) and node else (),
    )
    runs_on = (Asset(node),) if own.depends_on else ()
    return Pod((*runs_on, *assets, own), _limits(pod))


def read_pod(pod: Object, placed: Pod) -> Iterator[Reading]:
    """Yields readiness and restarts of a pod."""
    for condition in objects(at(pod, "status", "conditions")):
        if condition.get("type") == "Ready":
            yield Reading(POD_READY, float(condition.get("status") == "True"), placed.assets)
    for container in objects(at(pod, "status", "containerStatuses")):
        count = container.get("restartCount")
        if isinstance(count, int) and not isinstance(count, bool):
            labels = (("container", str(container.get("name"))),)
            yield Reading(RESTARTS, float(count), placed.assets, labels)


def read_pod_usage(usage: Object, placed: Pod) -> Iterator[Reading]:
    """Yields what the containers of a pod use together."""
    for name, metric in (("cpu", POD_CPU), ("memory", POD_MEMORY)):
        told = [quantity(at(one, "usage", name)) for one in objects(usage.get("containers"))]
        known = [value for value in told if value is not None]
        if known:
            yield Reading(metric, sum(known), placed.assets, fail=placed.limits.get(name))


def read_volumes(summary: Object, prefix: str) -> Iterator[Reading]:
    """Yields the persistent volumes that a node has mounted."""
    for pod in objects(summary.get("pods")):
        for volume in objects(pod.get("volume")):
            claim, space = (at(volume, "pvcRef", name) for name in ("name", "namespace"))
            used, size, free, inodes, inodes_used = (
                _number(volume, f"{name}")
                for name in ("usedBytes", "capacityBytes", "availableBytes", "inodes", "inodesUsed")
            )
            if not isinstance(claim, str) or used is None or not size:
                continue
            # As df counts it: what is reserved is neither used nor available.
            whole = used + free if free is not None else size
            assets = (Asset(f"{prefix}{space}/volume:{claim}", "volume", f"{space} {claim}"),)
            if whole > 0:
                yield Reading(VOLUME, min(used / whole, 1.0), assets, fail=1.0, warn=0.9)
            yield Reading(VOLUME_USAGE, used, assets)
            if inodes and inodes_used is not None:
                yield Reading(INODES, min(inodes_used / inodes, 1.0), assets, fail=1.0, warn=0.9)


def is_over(pod: Object) -> bool:
    """Whether a pod has ended."""
    return at(pod, "status", "phase") in _OVER


def evicted_by_node(pods: list[Object]) -> dict[str, int]:
    """Returns how many evicted pods stand there, by the node that evicted them."""
    found: dict[str, int] = {}
    for pod in pods:
        node = at(pod, "spec", "nodeName")
        if at(pod, "status", "reason") == "Evicted" and isinstance(node, str):
            found[node] = found.get(node, 0) + 1
    return found


def name_of(told: Object) -> str:
    """Returns the name of an object, empty where it has none."""
    name = at(told, "metadata", "name")
    return name if isinstance(name, str) else ""


def quantity(told: Any) -> float | None:
    """Returns a quantity such as ``250m`` or ``1Gi`` as a number; None where it is none."""
    try:
        number = parse_quantity(told) if isinstance(told, str | int | float) else None
    except (ValueError, InvalidOperation):
        return None
    return float(number) if isinstance(number, Decimal) else None


def objects(told: Any) -> list[Object]:
    """Returns the objects of a list; anything else in it is passed over."""
    return [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []


def at(told: Any, *path: str) -> Any:
    """Returns a member, None where there is none."""
    for name in path:
        told = told.get(name) if isinstance(told, Mapping) else None
    return told


def _workload(pod: Object) -> tuple[str, str] | None:
    for owner in objects(at(pod, "metadata", "ownerReferences")):
        kind, name = owner.get("kind"), owner.get("name")
        if not isinstance(kind, str) or not isinstance(name, str):
            continue
        mark = at(pod, "metadata", "labels", "pod-template-hash")
        if kind == "ReplicaSet" and isinstance(mark, str) and name.endswith(f"-{mark}"):
            return "Deployment", name.removesuffix(f"-{mark}")
        return kind, name
    return None


def _limits(pod: Object) -> dict[str, float]:
    containers = objects(at(pod, "spec", "containers"))
    found: dict[str, float] = {}
    for name in ("cpu", "memory"):
        told = [quantity(at(one, "resources", "limits", name)) for one in containers]
        if told and all(told):
            found[name] = sum(value for value in told if value is not None)
    return found


def _number(told: Object, name: str) -> float | None:
    value = told.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
