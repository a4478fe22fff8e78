"""The official client against documents in the form of Azure's reference; no cloud can be had."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.monitor.querymetrics import MetricsClient

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.asset import Location
from aiops.domain.identity import IdentityKind
from aiops.testing.collector import check_collector
from collectors.azure_monitor import PLUGIN, collector
from collectors.azure_monitor.settings import AzureMetricSettings, AzureMonitorSettings
from tests.integration.collect.documents import serving

_DEADLINE = timedelta(seconds=60)
_NOW = datetime.now(UTC).replace(microsecond=0)
_GROUP = "/subscriptions/s-1/resourceGroups/shop/providers"
_WEB = f"{_GROUP}/Microsoft.Compute/virtualMachines/Web-1"
_SQL = f"{_GROUP}/Microsoft.Sql/servers/s/databases/orders"
_PATH = "/subscriptions/s-1/metrics:getBatch"
_GRAPH = "/providers/Microsoft.ResourceGraph/resources"


def row(resource, **more):
    """One row of the table Resources, in the form of Resource Graph's reference."""
    told = {"id": resource, "name": resource.rpartition("/")[2], "location": "westeurope"}
    return told | {"type": "x", "tags": None, "properties": {}} | more


def graph(*rows, mark=None):
    told = {"totalRecords": len(rows), "count": len(rows), "data": list(rows), "facets": []}
    more = {"$skipToken": mark} if mark else {}
    return told | more | {"resultTruncated": "false"}


def azure(metrics, resources=None):
    """The paths of both services; nothing is known of the resources unless it is said."""
    return {_PATH: metrics, _GRAPH: graph() if resources is None else resources}


def point(ago, **values):
    at = (_NOW - timedelta(seconds=ago)).isoformat().replace("+00:00", "Z")
    return {"timeStamp": at, **values}


def metric(resource, name, *points, **metadata):
    told = [{"name": {"value": key}, "value": value} for key, value in metadata.items()]
    return {
        "id": f"{resource}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": name},
        "unit": "Percent",
        "timeseries": [{"metadatavalues": told, "data": list(points)}],
        "errorCode": "Success",
    }


def answer(*metrics):
    return {
        "values": [
            {
                "starttime": "2026-11-24T11:00:00Z",
                "endtime": "2026-11-24T12:00:00Z",
                "interval": "PT1M",
                "namespace": "x",
                "resourceregion": "westeurope",
                "resourceid": "x",
                "value": list(metrics),
            }
        ]
    }


class Cloud:
    """Answers each type of resource with its own document."""

    def __init__(self, **by_type):
        self.by_type = {"virtualMachines": answer(), "databases": answer(), **by_type}

    def __call__(self, asked):
        return self.by_type[asked.query["metricnamespace"].rpartition("/")[2]]


class Nobody:
    """A credential that is never asked: the policy that would is replaced."""

    def get_token(self, *scopes, **more):
        raise AssertionError("the tests have no sign-in")


@pytest.fixture
def make(monkeypatch):
    """Makes collectors whose client speaks to our server, without Azure's sign-in."""

    def create(url, **more):
        monkeypatch.setattr(
            collector,
            "connect",
            lambda _settings: collector.Clients(
                MetricsClient(
                    url, object(), authentication_policy=SansIOHTTPPolicy(), retry_total=0
                ),
                ResourceGraphClient(
                    Nobody(),
                    base_url=url,
                    credential_scopes=["x"],
                    authentication_policy=SansIOHTTPPolicy(),
                    retry_total=0,
                ),
            ),
        )
        told = {"resources": (_WEB, _SQL), **more}
        return PLUGIN.create(AzureMonitorSettings("westeurope", **told))

    return create


def collect(source, cursor=None):
    collection = source.collect(cursor or {}, _NOW, _DEADLINE)
    batch = collection.batch
    rows = zip(batch.rows, batch.times, batch.values, strict=True)
    return [(batch.series[row].text, at // 10**9, value) for row, at, value in rows], collection


_CPU = metric(_WEB, "Percentage CPU", point(300, average=50.0), point(240))
_DISK = metric(_SQL, "storage_percent", point(300, maximum=90))


def test_resources_of_each_type_are_asked_together_and_become_assets(make):
    cloud = Cloud(virtualMachines=answer(_CPU), databases=answer(_DISK))
    with serving(azure(cloud)) as server:
        source = make(server.url)
        found, _ = collect(source)
        asked = {one.query.get("metricnamespace"): one for one in server.asked}
    at = int(_NOW.timestamp()) - 300
    assert found == [
        ("web-1 system.cpu.utilization", at, 0.5),  # a period without a value is absent
        ("orders system.filesystem.utilization", at, pytest.approx(0.9)),
    ]
    machines = asked["Microsoft.Compute/virtualMachines"]
    assert orjson.loads(machines.body) == {"resourceids": [_WEB]}
    assert machines.query["interval"] == "PT1M"
    assert "Percentage CPU" in machines.query["metricnames"]
    assets = {asset.key: asset for asset in source.discover().assets}
    assert assets["web-1"].location is Location.CLOUD
    limits = {limit.asset: (limit.fail, limit.warn) for limit in source.discover().limits}
    assert limits == {"orders": (1.0, 0.9)}


def test_while_no_period_is_over_nothing_is_asked(make):
    with serving(azure(Cloud(virtualMachines=answer(_CPU)))) as server:
        source = make(server.url)
        _, first = collect(source)
        before = len(server.asked)
        again, same = collect(source, first.cursor)
        assert (again, same.cursor, len(server.asked)) == ([], first.cursor, before)


def test_a_total_is_a_rate_and_dimensions_stay_labels(make):
    rule = AzureMetricSettings(
        "Microsoft.Compute/virtualMachines", "Network In Total", "net.in", "Total", unit="By/s"
    )
    told = metric(_WEB, "Network In Total", point(300, total=600), lun="0")
    with serving(azure(Cloud(virtualMachines=answer(told)))) as server:
        found, _ = collect(make(server.url, resources=(_WEB,), metrics=(rule,)))
    assert [(text, value) for text, _, value in found] == [("web-1 net.in{lun=0}", 10.0)]


def test_what_one_type_refuses_costs_no_other(make):
    with serving(azure(Cloud(virtualMachines=answer(_CPU), databases=400))) as server:
        found, collection = collect(make(server.url))
    assert len(found) == 1
    assert collection.dropped == {"http": 1}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (401, "auth"),
        (403, "auth"),
        (429, "throttled"),
        (400, "http"),
        ({"values": 3}, "format"),
        ({}, "format"),
    ],
)
def test_what_the_cloud_refuses_is_told_by_kind(make, told, kind):
    with serving(azure(told)) as server, pytest.raises(Unreachable) as raised:
        collect(make(server.url))
    assert raised.value.kind == kind


def test_more_than_fifty_resources_take_two_requests(make):
    many = tuple(f"{_GROUP}/Microsoft.Compute/virtualMachines/m{n}" for n in range(51))
    with serving(azure(Cloud())) as server:
        collect(make(server.url, resources=many))
        sizes = [
            len(orjson.loads(one.body)["resourceids"]) for one in server.asked if one.path == _PATH
        ]
    assert sizes == [50, 1]


def test_it_keeps_the_contract(make):
    with serving(azure(Cloud(virtualMachines=answer(_CPU)))) as server:
        check_collector(lambda: make(server.url), now=_NOW)
    source = make("http://127.0.0.1:9")
    with pytest.raises(Unreachable) as raised:
        collect(source)
    assert raised.value.kind == "refused"


_STORED = metric(_SQL, "storage", point(300, maximum=2e9))
_KNOWN = graph(
    row(
        _WEB.lower(),
        name="Web-1",
        tags={"team": "web", "app": "shop", "x": 1},
        properties={
            "vmId": "02AAB8A4-74EF-476E-8182-F6D2BA4166A6",
            "osProfile": {"computerName": "web-1.acme.example"},
        },
    ),
    row(_SQL, tags={"team": "dba"}, properties={"maxSizeBytes": 32212254720}),
)


def test_names_regions_tags_and_sizes_come_with_the_resources(make):
    cloud = Cloud(virtualMachines=answer(_CPU), databases=answer(_STORED))
    with serving(azure(cloud, _KNOWN)) as server:
        source = make(server.url, owner_tag="team", service_tag="app")
        collect(source)
        (asked,) = [orjson.loads(one.body) for one in server.asked if one.path == _GRAPH]
        told = source.discover()
        collect(source)
        assert source.discover() is told
        assert [one.path for one in server.asked].count(_GRAPH) == 1  # once an hour
    assert asked["subscriptions"] == ["s-1"]
    assert "location == 'westeurope'" in asked["query"]
    assert "'microsoft.sql/servers/databases'" in asked["query"]
    assets = {asset.key: asset for asset in told.assets}
    web = assets["web-1"]
    assert (web.name, web.site, web.owner, web.service) == ("Web-1", "westeurope", "web", "shop")
    assert assets["orders"].owner == "dba"
    limits = {(limit.asset, limit.metric): limit.fail for limit in told.limits}
    assert limits["orders", "database.storage.usage"] == 32212254720
    known = {(each.kind, each.value) for each in told.identities if each.asset == "web-1"}
    assert (IdentityKind.UUID, "02aab8a474ef476e8182f6d2ba4166a6") in {
        (kind, value.replace("-", "")) for kind, value in known
    }


def test_resources_of_a_subscription_are_found_page_by_page(make):
    other = _WEB.replace("shop", "test")
    pages = {None: graph(row(_WEB), mark="next"), "next": graph(row(other), row(_SQL))}

    def by_page(asked):
        return pages[orjson.loads(asked.body)["options"].get("$skipToken")]

    def metrics(asked):
        ids = orjson.loads(asked.body)["resourceids"]
        return answer(*(metric(one, "Percentage CPU", point(300, average=50)) for one in ids))

    with serving(azure(metrics, by_page)) as server:
        source = make(server.url, resources=(), subscriptions=("s-1",))
        found, _ = collect(source)
    assert {text for text, _, _ in found if "cpu" in text} == {
        "shop.web-1 system.cpu.utilization",  # two groups have one of that name
        "test.web-1 system.cpu.utilization",
    }


def test_what_is_not_known_of_the_resources_costs_no_sample(make):
    with serving(azure(Cloud(virtualMachines=answer(_CPU)), 403)) as server:
        source = make(server.url)
        found, collection = collect(source)
        assert len(found) == 1
        assert collection.dropped == {"discovery_auth": 1}
        with pytest.raises(Unreachable) as raised:  # without an id there is nothing to ask
            collect(make(server.url, resources=(), subscriptions=("s-1",)))
        assert raised.value.kind == "auth"
    with serving(azure(Cloud())) as server, pytest.raises(Unreachable, match="nothing of these"):
        collect(make(server.url, resources=(), subscriptions=("s-1",)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"region": "West Europe"},
        {"resources": ()},
        {"subscriptions": ("a'b",)},
        {"resources": ("web-1",)},
        {"resources": (_WEB, _WEB.replace("shop", "other"))},
        {"metrics": ()},
        {"metrics": (AzureMetricSettings("a/b", "c", "d", "Median"),)},
        {"tenant_id": "t", "client_secret": Secret("s")},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    sound = AzureMonitorSettings("westeurope", (_WEB,))
    with pytest.raises(ConfigError):
        PLUGIN.create(replace(sound, **wrong))
