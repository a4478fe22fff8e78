"""The kubernetes collector: nodes, then pods, then what they use, then volumes."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from collectors._web.fetch import check_url
from collectors.kubernetes import objects
from collectors.kubernetes.cluster import Cluster
from collectors.kubernetes.objects import Object, Pod, Reading
from collectors.kubernetes.settings import KubernetesSettings

_SHARE: Final = 0.9


class KubernetesCollector:
    """Reads one cluster; the library may block, so it lives in a worker."""

    def __init__(self, settings: KubernetesSettings) -> None:
        check_url(settings.url)
        if settings.bearer_token and settings.token_file:
            raise ConfigError(["token_file: bearer_token is set as well; name one of them"])
        self._settings = settings
        self._prefix = f"{settings.cluster}/" if settings.cluster else ""
        self._book = SeriesBook()
        self._pods: frozenset[str] = frozenset()
        self._whole = False

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads the cluster once.

        Raises:
            Unreachable: The API server does not answer, or refuses us the nodes.
        """
        draft = Draft(self._book)
        self._book.trim()
        at = to_stored_ns(until)
        cluster = Cluster(self._settings, time.monotonic() + deadline.total_seconds() * _SHARE)
        try:
            named = ((objects.name_of(node), node) for node in cluster.nodes())
            nodes = {name: node for name, node in named if name}
            for node in nodes.values():
                _take(draft, objects.read_node(node), at)
                self._book.know(objects.identify_node(node))
            self._whole = False
            # Whoever may read nodes may lack the rest, or the metrics server.
            for part in (self._read_pods, self._read_node_usage, self._read_volumes):
                try:
                    part(draft, cluster, nodes, at)
                except Unreachable as error:
                    draft.drop(error.kind)
            self._book.say_whole(self._whole)
        finally:
            cluster.close()
        if not len(draft):
            raise Unreachable(f"{self._settings.url}: there is no node", "empty")
        return draft.collection(cursor)

    def discover(self) -> Inventory:
        """Returns nodes, workloads, pods and volumes."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no connection between two collections."""

    def _read_pods(self, draft: Draft, cluster: Cluster, nodes: dict[str, Object], at: int) -> None:
        placed: dict[tuple[str, str], Pod] = {}
        ended: list[Object] = []
        cut = False
        for pod in cluster.pods():
            if objects.is_over(pod):
                ended.append(pod)
                continue
            space = str(objects.at(pod, "metadata", "namespace"))
            if not objects.name_of(pod):
                draft.drop("format")
                continue
            if not any(fnmatchcase(space, pattern) for pattern in self._settings.namespaces):
                continue
            if len(placed) >= self._settings.max_pods:
                draft.drop("limit")
                cut = True
                continue
            own = placed[space, objects.name_of(pod)] = objects.place_pod(pod, self._prefix)
            self._book.place(own.assets[-1])
            _take(draft, objects.read_pod(pod, own), at)
        present = frozenset(pod.assets[-1].key for pod in placed.values())
        if not cut:
            self._book.leave(self._pods - present)
        self._whole, self._pods = not cut, self._pods | present if cut else present
        evicted = objects.evicted_by_node(ended)
        for node in nodes:
            count = float(evicted.get(node, 0))
            _take(draft, [Reading(objects.EVICTED, count, (Asset(node),))], at)
        for usage in cluster.usage("pods"):
            space = str(objects.at(usage, "metadata", "namespace"))
            known = placed.get((space, objects.name_of(usage)))
            if known is not None:
                _take(draft, objects.read_pod_usage(usage, known), at)

    def _read_node_usage(
        self, draft: Draft, cluster: Cluster, nodes: dict[str, Object], at: int
    ) -> None:
        for usage in cluster.usage("nodes"):
            node = nodes.get(objects.name_of(usage), {})
            _take(draft, objects.read_node_usage(usage, node), at)

    def _read_volumes(
        self, draft: Draft, cluster: Cluster, nodes: dict[str, Object], at: int
    ) -> None:
        for node in nodes if self._settings.volumes else ():
            try:
                _take(draft, objects.read_volumes(cluster.summary(node), self._prefix), at)
            except Unreachable as error:  # a node that is down costs no other
                draft.drop(error.kind)


def _take(draft: Draft, readings: Iterable[Reading], at: int) -> None:
    for one in readings:
        draft.add(
            one.metric, one.assets, one.value, at, dict(one.labels), fail=one.fail, warn=one.warn
        )
