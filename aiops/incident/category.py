"""What kind of trouble an incident is: by rule, by a model of past tickets, by what is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from aiops.contracts.dispatcher import Dispatcher
from aiops.domain.asset import Asset
from aiops.domain.incident import Incident
from aiops.incident.settings import CategoryRule
from aiops.incident.standing import REPORTED
from aiops.incident.team import PRECISION, row_of

CATEGORY: Final = "category"
"""Name, in the evidence, of the category; runbooks are chosen by it."""
CLASSIFIED: Final = "classified"
"""Name, in the evidence, of how the category was found."""

_BY_METRIC: Final[Sequence[tuple[str, str]]] = (
    ("system.filesystem.*", "storage"),
    ("system.disk.*", "storage"),
    ("hw.physical_disk.*", "storage"),
    ("hw.logical_disk.*", "storage"),
    ("cloud.volume.*", "storage"),
    ("k8s.volume.*", "storage"),
    ("system.memory.*", "memory"),
    ("system.paging.*", "memory"),
    ("*.memory.*", "memory"),
    ("system.cpu.*", "compute"),
    ("process.*", "compute"),
    ("system.network.*", "network"),
    ("hw.network.*", "network"),
    ("probe.*", "network"),
    ("dns.*", "network"),
    ("hw.battery.*", "power"),
    ("hw.ups.*", "power"),
    ("hw.power*", "power"),
    ("hw.voltage*", "power"),
    ("hw.current*", "power"),
    ("hw.temperature*", "cooling"),
    ("hw.fan*", "cooling"),
    ("hw.*", "hardware"),
    ("tls.*", "certificate"),
    ("db.*", "database"),
    ("mysql.*", "database"),
    ("postgresql.*", "database"),
    ("redis.*", "database"),
    ("k8s.*", "platform"),
    ("container.*", "platform"),
    ("cloud.*", "platform"),
    ("http.*", "application"),
    ("rpc.*", "application"),
    ("jvm.*", "application"),
    ("log.*", "application"),
    ("machine.*", "machine"),
    ("aiops.*", "monitoring"),
)
"""Source: namespaces of the OpenTelemetry semantic conventions; the first that fits counts."""
_BY_KIND: Final[Mapping[str, str]] = {
    "volume": "storage",
    "disk": "storage",
    "interface": "network",
    "switch": "network",
    "router": "network",
    "certificate": "certificate",
    "database": "database",
    "service": "application",
    "pump": "machine",
    "sensor": "machine",
}


@dataclass(frozen=True, slots=True)
class Classifier:
    """Gives an incident its category; nothing where nothing speaks for one.

    Attributes:
        rules: What the team wrote down; the first that fits counts, before everything else.
        model: Learned on past tickets (``aiops try dispatch fit --label category``).
        precision: Share of its answers that must be right; below it the metric tells.
    """

    rules: Sequence[CategoryRule] = ()
    model: Dispatcher | None = None
    precision: float = PRECISION

    def classify(self, incident: Incident, asset: Asset) -> Incident:
        """Returns the incident with its category and how that was found in the evidence."""
        category, by = self._by_rule(incident, asset), "rule"
        sure = None
        if not category and self.model is not None:
            columns = {name: [value] for name, value in row_of(incident, asset).items()}
            answer = self.model.assign(columns, self.precision)
            if not answer.abstained[0]:
                category, by = answer.label[0], "model"
                sure = round(float(answer.confidence[0]), 3)
        if not category:
            category, by = by_metric(incident.series.metric), "metric"
        if not category:
            category, by = _BY_KIND.get(asset.kind, ""), "kind"
        if not category:
            return incident
        found = {"by": by} if sure is None else {"by": by, "confidence": sure}
        evidence = {**incident.evidence, CATEGORY: category, CLASSIFIED: found}
        return replace(incident, evidence=evidence)

    def _by_rule(self, incident: Incident, asset: Asset) -> str:
        for rule in self.rules:
            metric, kind = incident.series.metric, asset.kind
            if fnmatchcase(metric, rule.metric) and fnmatchcase(kind, rule.kind):
                return rule.category
        return ""


def by_metric(name: str) -> str:
    """Returns the category of what a metric measures, nothing where its name does not tell.

    >>> by_metric("system.filesystem.utilization"), by_metric("hw.fan_speed"), by_metric("x")
    ('storage', 'cooling', '')
    """
    if name == REPORTED:
        return ""
    return next((category for match, category in _BY_METRIC if fnmatchcase(name, match)), "")
