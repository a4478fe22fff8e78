"""What Google knows of the resources behind the series: names, labels, and what they may use.

Source: Cloud Monitoring API v3, ``projects.timeSeries.list``: metadata labels come with a series
where the reduction names them; quotas are metrics of their own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from google.cloud import monitoring_v3 as monitoring

from collectors.gcp_monitoring.settings import GcpMetricSettings, GcpMonitoringSettings

_SPAN: Final = timedelta(minutes=10)
_PAGE: Final = 10_000
_FIELD: Final = re.compile(r"\{(\w+)\}")
_MACHINE: Final = "instance_id"
_MACHINE_NAME: Final = "instance_name"
_ZONE: Final = re.compile(r"([a-z]+-[a-z]+\d+)-[a-z]")

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """Of one resource; empty where Google does not say."""

    name: str = ""
    owner: str = ""
    service: str = ""


def resource_labels(rule: GcpMetricSettings) -> Key:
    """Returns the labels that tell the resources of a rule apart: a machine has an id."""
    template = rule.parent or rule.asset
    names = tuple(dict.fromkeys(_FIELD.findall(template)))
    return tuple(_MACHINE if name == _MACHINE_NAME else name for name in names)


def with_name(labels: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Returns labels with a machine's name, which agents do not send; its id where unknown."""
    machine = labels.get(_MACHINE, "")
    if not machine or _MACHINE_NAME in labels:
        return dict(labels)
    return {**labels, _MACHINE_NAME: names.get(machine, machine)}


def region_of(labels: Mapping[str, str]) -> str:
    """Returns where a resource stands.

    >>> region_of({"zone": "europe-west3-b"})
    'europe-west3'
    """
    place = labels.get("zone") or labels.get("location") or labels.get("region") or ""
    zone = _ZONE.fullmatch(place)
    return zone.group(1) if zone else place


def read_details(
    client: Any,
    settings: GcpMonitoringSettings,
    rule: GcpMetricSettings,
    end: datetime,
    left: float,
) -> Iterator[tuple[Key, Details]]:
    """Yields what is known of each resource that has the metric."""
    names = resource_labels(rule)
    fields = [f"resource.labels.{name}" for name in names]
    fields.append("metadata.system_labels.name")
    fields += [
        f"metadata.user_labels.{label}"
        for label in (settings.owner_label, settings.service_label)
        if label
    ]
    aggregation = monitoring.Aggregation(
        alignment_period=_SPAN,
        per_series_aligner=monitoring.Aggregation.Aligner.ALIGN_MAX,
        cross_series_reducer=monitoring.Aggregation.Reducer.REDUCE_MAX,
        group_by_fields=fields,
    )
    for series in _list(client, settings, rule.type, rule.where, end, aggregation, left):
        system = dict(series.metadata.system_labels.items()) if series.metadata else {}
        user = series.metadata.user_labels if series.metadata else {}
        labels = series.resource.labels
        yield (
            tuple(str(labels.get(name, "")) for name in names),
            Details(
                str(system.get("name", "")),
                str(user.get(settings.owner_label, "")),
                str(user.get(settings.service_label, "")),
            ),
        )


def read_limits(
    client: Any,
    settings: GcpMonitoringSettings,
    rule: GcpMetricSettings,
    end: datetime,
    left: float,
) -> Iterator[tuple[Key, float]]:
    """Yields what each resource may use at most, as the metric ``limit`` of the rule says."""
    names = resource_labels(rule)
    aggregation = monitoring.Aggregation(
        alignment_period=_SPAN, per_series_aligner=monitoring.Aggregation.Aligner.ALIGN_MAX
    )
    for series in _list(client, settings, rule.limit, "", end, aggregation, left):
        labels = {**dict(series.metric.labels), **dict(series.resource.labels)}
        for point in series.points[:1]:
            value = max(point.value.double_value, float(point.value.int64_value))
            if value > 0:
                yield tuple(str(labels.get(name, "")) for name in names), value * rule.scale


def _list(
    client: Any,
    settings: GcpMonitoringSettings,
    metric: str,
    where: str,
    end: datetime,
    aggregation: Any,
    left: float,
) -> Iterator[Any]:
    parts = [f'metric.type = "{metric}"', where]
    request = monitoring.ListTimeSeriesRequest(
        name=f"projects/{settings.project}",
        filter=" AND ".join(part for part in parts if part),
        interval=monitoring.TimeInterval(start_time=end - _SPAN, end_time=end),
        view=monitoring.ListTimeSeriesRequest.TimeSeriesView.FULL,
        page_size=_PAGE,
        aggregation=aggregation,
    )
    for number, series in enumerate(client.list_time_series(request, timeout=left, retry=None)):
        if number >= settings.max_series:
            return
        yield series
