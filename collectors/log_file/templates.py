"""Lines become templates; how many there are is bounded, and all of it fits into a cursor.

Source: Drain (He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017),
in the implementation of drain3.
"""

import json
import re
from typing import Final

from drain3.drain import Drain, LogCluster

OTHER: Final = "other"
"""Label of all lines beyond the templates that are told apart."""
_ANY: Final = "<*>"
_LABEL: Final = 120
_LOOKED_AT: Final = 300
"""Characters of a line that make its template."""
_MASKS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?",
        r"\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\b",
        r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",
        r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b",
        r"\b0x[0-9a-fA-F]+\b",
        r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b",
        r"(?<=[\"']).*?(?=[\"'])",
        r"(?<![A-Za-z_])[+-]?\d+(?:\.\d+)?",
    )
)


class Templates:
    """Counts lines by template, from what a cursor remembers."""

    def __init__(self, most: int, told: str = "") -> None:
        self._most = most
        self._drain = Drain(max_children=max(most, 2))
        self._labels: dict[int, str] = {}
        self.counts: dict[str, int] = {}
        for label, tokens, count in json.loads(told or "[]"):
            self.counts[label] = count
            if label != OTHER:
                self._put(LogCluster(tokens, len(self._labels) + 1), label)

    def add(self, line: str) -> str:
        """Counts a line and returns the label of its template, which never changes."""
        text = mask(line[:_LOOKED_AT])
        tokens = self._drain.get_content_as_tokens(text)
        known = self._drain.tree_search(self._drain.root_node, tokens, self._drain.sim_th, False)
        if known is None and len(self._labels) >= self._most:
            label = OTHER
        else:
            cluster, _ = self._drain.add_log_message(text)
            label = self._labels.get(cluster.cluster_id, "")
            if not label:
                label = self._labels[cluster.cluster_id] = self._named(text)
        self.counts[label] = self.counts.get(label, 0) + 1
        return label

    def told(self) -> str:
        """Returns what the cursor is to remember."""
        rows: list[tuple[str, list[str], int]] = [
            (label, list(self._drain.id_to_cluster[at].log_template_tokens), self.counts[label])
            for at, label in self._labels.items()
        ]
        if OTHER in self.counts:
            rows.append((OTHER, [], self.counts[OTHER]))
        return json.dumps(rows)

    def _put(self, cluster: LogCluster, label: str) -> None:
        self._drain.clusters_counter = cluster.cluster_id
        self._drain.id_to_cluster[cluster.cluster_id] = cluster
        self._drain.add_seq_to_prefix_tree(self._drain.root_node, cluster)
        self._labels[cluster.cluster_id] = label

    def _named(self, text: str) -> str:
        label = " ".join(text.split())[:_LABEL]
        taken = {*self._labels.values(), OTHER}
        if label not in taken:
            return label
        return next(
            f"{label} #{i}" for i in range(2, len(taken) + 3) if f"{label} #{i}" not in taken
        )


def mask(line: str) -> str:
    """Returns a line whose numbers, times, addresses and quotes are left open.

    >>> mask("2026-01-05T10:00:00Z db-7 login of 'bob' failed: 3 tries from 10.0.0.7:22")
    "<*> db-<*> login of '<*>' failed: <*> tries from <*>"
    """
    for pattern in _MASKS:
        line = pattern.sub(_ANY, line)
    return line
