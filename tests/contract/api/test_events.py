"""Failures and repairs are reported over HTTP."""

from datetime import date, timedelta

import pytest

from aiops.domain.access import Role
from aiops.domain.asset import Viewer
from aiops.domain.event import Failure, Holiday, Maintenance
from tests.contract.api.world import NOW, client_of, make_world, serve

PATH = "/api/v1/events"


def _post(service, body, **who):
    with serve(service) as base, client_of(base, service.token(Role.OPERATOR, **who)) as client:
        return client.post(PATH, json=body)


def test_a_failure_and_a_repair_reach_the_service_with_who_told_of_them():
    service = make_world()
    at = (NOW - timedelta(hours=2)).isoformat()
    body = {"asset": "db-07", "event": "failure", "at": at, "kind": "disk died", "cost": 3}
    assert _post(service, body).status_code == 202
    assert _post(service, {"asset": "db-07", "event": "repair"}).status_code == 202
    (failure, who), (repair, _) = service.reports
    assert failure == Failure("db-07", NOW - timedelta(hours=2), "disk died", 3.0)
    assert who
    assert repair == Maintenance("db-07", NOW, NOW, "repair")


def test_a_window_of_maintenance_may_lie_ahead():
    service = make_world()
    start, end = NOW + timedelta(hours=1), NOW + timedelta(hours=3)
    body = {"asset": "db-07", "event": "maintenance", "at": start.isoformat()}
    assert _post(service, {**body, "end": end.isoformat()}).status_code == 202
    assert service.reports[0][0] == Maintenance("db-07", start, end)
    assert _post(service, body).status_code == 422, "a window has an end"
    assert _post(service, {**body, "end": "2036-01-05T12:00:00Z"}).status_code == 422


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"at": (NOW + timedelta(hours=1)).isoformat()}, 422),
        ({"at": "2026-01-05T12:00:00"}, 422),
        ({"event": "party"}, 422),
        ({"cost": -1}, 422),
        ({"surprise": 1}, 422),
        ({"asset": "nobody"}, 404),
        ({"at": NOW.isoformat(), "end": (NOW - timedelta(hours=1)).isoformat()}, 422),
    ],
)
def test_what_cannot_be_is_not_taken(change, status):
    service = make_world()
    body = {"asset": "db-07", "event": "failure"} | change
    assert _post(service, body).status_code == status
    assert not service.reports


def test_an_asset_of_others_cannot_be_reported_on():
    service = make_world()
    foreign = Viewer("eve", teams=frozenset({"nobody"}))
    body = {"asset": "db-07", "event": "failure"}
    assert _post(service, body, viewer=foreign).status_code == 404


def test_days_off_of_a_site_and_days_that_are_worked_on_are_taken():
    service = make_world()
    body = {"event": "holiday", "site": "shanghai-*", "first": "2026-10-01"}
    assert _post(service, body | {"last": "2026-10-07", "kind": "works"}).status_code == 202
    assert _post(service, {"event": "working", "first": "2026-10-10"}).status_code == 202
    assert [event for event, _ in service.reports] == [
        Holiday("shanghai-*", date(2026, 10, 1), date(2026, 10, 7), "works"),
        Holiday("*", date(2026, 10, 10), date(2026, 10, 10), "", working=True),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"first": None},
        {"first": "2026-02-30"},
        {"last": "2026-09-30"},
        {"last": "2027-10-01"},
        {"asset": "db-07"},
        {"cost": 1},
        {"at": NOW.isoformat()},
        {"event": "failure", "asset": "db-07"},
    ],
)
def test_days_off_that_cannot_be_are_not_taken(change):
    service = make_world()
    body = {"event": "holiday", "site": "a", "first": "2026-10-01"} | change
    assert _post(service, body).status_code == 422
    assert not service.reports


def test_who_sees_one_site_tells_days_off_of_that_site_alone():
    service = make_world()
    body = {"event": "holiday", "first": "2026-10-01"}
    who = {"viewer": Viewer("ann", sites=frozenset({"bonn"}))}
    assert _post(service, body | {"site": "*"}, **who).status_code == 403
    assert _post(service, body | {"site": "bonn"}, **who).status_code == 202
