"""The official client over gRPC against a server of our own, for no cloud can be had here."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.cloud import monitoring_v3 as monitoring
from google.cloud.monitoring_v3.services.metric_service.transports import (
    MetricServiceGrpcTransport,
)

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Location
from aiops.testing.collector import check_collector
from collectors.gcp_monitoring import PLUGIN, collector
from collectors.gcp_monitoring.settings import Aligner, GcpMetricSettings, GcpMonitoringSettings
from tests.ports import free_port

_DEADLINE = timedelta(seconds=60)
_NOW = datetime.now(UTC).replace(microsecond=0)
_CPU = GcpMetricSettings(
    "compute.googleapis.com/instance/cpu/utilization", "cpu", "{instance_name}", fail=1.0
)
_DISK = GcpMetricSettings(
    "agent.googleapis.com/disk/percent_used",
    "disk",
    "{instance_id}/volume:{device}",
    'metric.labels.state = "used"',
    "{instance_id}",
    Aligner.MAX,
    scale=0.01,
)


def series(metric_labels=(), resource_labels=(), *values, kind="double_value", ago=600):
    told = monitoring.TimeSeries()
    told.metric.labels.update(dict(metric_labels))
    told.resource.labels.update(dict(resource_labels))
    for number, value in enumerate(values):
        at = _NOW - timedelta(seconds=ago + 60 * number)
        told.points.append(
            monitoring.Point(
                interval=monitoring.TimeInterval(end_time=at, start_time=at),
                value=monitoring.TypedValue(**{kind: value}),
            )
        )
    return told


class Google:
    """Answers by metric type: series in pages of two, or a status."""

    def __init__(self, by_type):
        self.by_type, self.known = by_type, {}
        self.asked, self.looked = [], []

    def list_time_series(self, request, context):
        kind = request.filter.split('"')[1]
        if request.aggregation.group_by_fields:
            self.looked.append(request)
            told = self.known.get(kind, [])
        else:
            self.asked.append(request)
            told = self.by_type.get(kind, grpc.StatusCode.NOT_FOUND)
        if isinstance(told, grpc.StatusCode):
            context.abort(told, "no")
        start = int(request.page_token or 0)
        more = str(start + 2) if start + 2 < len(told) else ""
        return monitoring.ListTimeSeriesResponse(
            time_series=told[start : start + 2], next_page_token=more
        )


@contextmanager
def serving(by_type):
    google = Google(by_type)
    request, response = monitoring.ListTimeSeriesRequest, monitoring.ListTimeSeriesResponse
    handler = grpc.unary_unary_rpc_method_handler(
        google.list_time_series, request.deserialize, response.serialize
    )
    name = "google.monitoring.v3.MetricService"
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(name, {"ListTimeSeries": handler}),)
    )
    google.place = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield google
    finally:
        server.stop(None).wait()


@pytest.fixture
def make(monkeypatch):
    """Makes collectors whose client speaks to our server, without Google's sign-in."""
    made = []

    def create(place, *metrics, **more):
        monkeypatch.setattr(
            collector,
            "connect",
            lambda _settings: monitoring.MetricServiceClient(
                transport=MetricServiceGrpcTransport(channel=grpc.insecure_channel(place))
            ),
        )
        made.append(PLUGIN.create(GcpMonitoringSettings("acme", metrics or (_CPU,), **more)))
        return made[-1]

    yield create
    for one in made:
        one.close()


def collect(source, cursor=None):
    collection = source.collect(cursor or {}, _NOW, _DEADLINE)
    batch = collection.batch
    rows = zip(batch.rows, batch.times, batch.values, strict=True)
    return [(batch.series[row].text, at // 10**9, value) for row, at, value in rows], collection


def test_series_come_in_pages_and_labels_name_the_assets(make):
    told = {
        _CPU.type: [series({"instance_name": f"web-{n}"}, {}, 0.5) for n in range(5)],
        _DISK.type: [series({"device": "sda1", "state": "used"}, {"instance_id": "77"}, 81.5)],
    }
    with serving(told) as google:
        source = make(google.place, _CPU, _DISK)
        found, collection = collect(source)
    at = int(_NOW.timestamp()) - 600
    assert found[0] == ("web-0 cpu", at, 0.5)
    assert found[5] == ("77/volume:sda1 disk", at, pytest.approx(0.815))
    assert len(found) == 6
    assert collection.dropped == {}
    disk = google.asked[-1]
    assert disk.filter == f'metric.type = "{_DISK.type}" AND metric.labels.state = "used"'
    assert disk.aggregation.per_series_aligner == monitoring.Aggregation.Aligner.ALIGN_MAX
    assets = {asset.key: asset for asset in source.discover().assets}
    assert (assets["77/volume:sda1"].parent, assets["77"].location) == ("77", Location.CLOUD)
    assert {limit.asset for limit in source.discover().limits} == {f"web-{n}" for n in range(5)}


def known(resource_labels, name, **user_labels):
    """A series with the metadata that the reduction names, as the reference shows it."""
    told = series({}, resource_labels, 1.0)
    told.metadata.system_labels.update({"name": name})
    told.metadata.user_labels.update(user_labels)
    return told


def test_names_regions_labels_and_quotas_come_with_the_resources(make):
    place = {"instance_id": "77", "zone": "europe-west3-b"}
    disk = replace(_DISK, asset="{instance_name}/volume:{device}", parent="{instance_name}")
    sql = "cloudsql.googleapis.com/database/disk"
    used = GcpMetricSettings(
        f"{sql}/bytes_used", "used", "{database_id}", unit="By", limit=f"{sql}/quota"
    )
    base = {"database_id": "acme:orders", "region": "us-central1"}
    told = {
        disk.type: [series({"device": "sda1"}, place, 81.5)],
        used.type: [series({}, base, 5_000, kind="int64_value")],
        f"{sql}/quota": [series({}, base, 10_737_418_240, kind="int64_value")],
    }
    with serving(told) as google:
        google.known = {
            disk.type: [known({"instance_id": "77"}, "web-1", team="web")],
            used.type: [known(base, "orders", team="dba", app="shop")],
        }
        source = make(google.place, disk, used, owner_label="team", service_label="app")
        found, collection = collect(source)
        told = source.discover()
        collect(source)
        assert source.discover() is told
        assert len(google.looked) == 2  # once an hour, for each kind of resource
        fields = list(google.looked[0].aggregation.group_by_fields)
    assert collection.dropped == {}
    assert [text for text, _, _ in found] == ["web-1/volume:sda1 disk", "acme:orders used"]
    assert fields == [
        "resource.labels.instance_id",
        "metadata.system_labels.name",
        "metadata.user_labels.team",
        "metadata.user_labels.app",
    ]
    assets = {asset.key: asset for asset in told.assets}
    web, orders = assets["web-1"], assets["acme:orders"]
    assert (web.name, web.site, web.owner) == ("web-1", "europe-west3", "web")
    assert assets["web-1/volume:sda1"].site == "europe-west3"
    assert (orders.name, orders.site, orders.service) == ("orders", "us-central1", "shop")
    limits = {(limit.asset, limit.metric): limit.fail for limit in told.limits}
    assert limits["acme:orders", "used"] == 10_737_418_240


def test_what_is_not_known_of_the_resources_costs_no_sample(make):
    with serving({_CPU.type: [series({"instance_name": "a"}, {}, 0.5)]}) as google:
        google.known = {_CPU.type: grpc.StatusCode.INVALID_ARGUMENT}
        found, collection = collect(make(google.place))
    assert (len(found), collection.dropped) == (1, {"discovery": 1})


def test_while_no_period_is_over_nothing_is_asked_and_no_point_comes_twice(make):
    with serving({_CPU.type: [series({"instance_name": "a"}, {}, 0.5, 0.4, 0.3)]}) as google:
        source = make(google.place)
        _, first = collect(source)
        again, same = collect(source, first.cursor)
        assert (again, same.cursor, len(google.asked)) == ([], first.cursor, 1)
        began = (_NOW - timedelta(seconds=660)).isoformat()
        found, _ = collect(source, {"to": began})
    assert [value for _, _, value in found] == [0.5]


def test_what_is_no_number_or_has_no_name_costs_no_other(make):
    told = [
        series({"instance_name": "a"}, {}, 7, kind="int64_value"),
        series({"instance_name": "b"}, {}, True, kind="bool_value"),
        series({"instance_name": "c"}, {}, "x", kind="string_value"),
        series({"instance_name": "d"}, {}, float("nan")),
        series({}, {}, 1.0),
    ]
    with serving({_CPU.type: told}) as google:
        found, collection = collect(make(google.place))
    assert [(text, value) for text, _, value in found] == [("a cpu", 7.0), ("b cpu", 1.0)]
    assert collection.dropped == {"type": 1, "non_finite": 1, "labels": 1}


def test_a_metric_that_cannot_be_had_costs_no_other(make):
    told = {_CPU.type: [series({"instance_name": "a"}, {}, 0.5)]}
    with serving(told) as google:
        found, collection = collect(make(google.place, _DISK, _CPU))
    assert (len(found), collection.dropped) == (1, {"empty": 1})


def test_series_beyond_the_bound_are_left_out(make):
    told = {_CPU.type: [series({"instance_name": f"w{n}"}, {}, 0.5) for n in range(4)]}
    with serving(told) as google:
        found, collection = collect(make(google.place, max_series=3))
    assert (len(found), collection.dropped) == (3, {"limit": 1})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "auth"),
        (grpc.StatusCode.UNAUTHENTICATED, "auth"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "throttled"),
        (grpc.StatusCode.UNAVAILABLE, "refused"),
        (grpc.StatusCode.INVALID_ARGUMENT, "source"),
        (grpc.StatusCode.NOT_FOUND, "empty"),
    ],
)
def test_what_the_cloud_refuses_is_told_by_kind(make, code, kind):
    with serving({_CPU.type: code}) as google, pytest.raises(Unreachable) as raised:
        collect(make(google.place))
    assert raised.value.kind == kind


def test_a_key_file_that_is_not_there_is_told():
    source = PLUGIN.create(GcpMonitoringSettings("acme", credentials_file="/nowhere/key.json"))
    with pytest.raises(Unreachable) as raised:
        collect(source)
    assert raised.value.kind == "auth"


def test_it_keeps_the_contract(make):
    with serving({_CPU.type: [series({"instance_name": "a"}, {}, 0.5)]}) as google:
        check_collector(lambda: make(google.place), now=_NOW)
    with pytest.raises(Unreachable):
        collect(make(f"127.0.0.1:{free_port()}"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"project": "Acme Shop"},
        {"period": timedelta(seconds=30)},
        {"metrics": ()},
        {"owner_label": 'a" OR'},
        {"metrics": (replace(_CPU, limit="x y"),)},
        {"metrics": (GcpMetricSettings('x" OR metric.type = "y', "m", "{a}"),)},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    with pytest.raises(ConfigError):
        PLUGIN.create(replace(GcpMonitoringSettings("acme"), **wrong))
