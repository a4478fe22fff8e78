"""What earlier forecasts said, and what came."""

from dataclasses import replace
from datetime import timedelta

from aiops.domain.access import Role
from aiops.domain.asset import SYSTEM, Viewer
from tests.contract.api.world import client_of, make_world, serve

HOUR = timedelta(hours=1)


def test_forecasts_that_are_over_are_held_beside_what_came():
    service = make_world()
    now = service.now()
    crossing = service.ledger.crossings_held[0]
    over = replace(
        crossing, origin=now - 6 * HOUR, horizon=3 * HOUR, early=now - 5 * HOUR, late=now - 4 * HOUR
    )
    service.ledger.crossings_held = [
        replace(over, probability=0.3, limit=1e12),
        replace(over, probability=0.8, limit=-1e12),
        crossing,
    ]
    asset = crossing.series.asset
    with serve(service) as base, client_of(base, service.token(Role.VIEWER, SYSTEM)) as client:
        told = client.get("/api/v1/records", params={"asset": asset}).json()
    assert (told["ended"], told["met"], told["expected_to_meet"]) == (2, 1, 1.1)
    assert abs(told["brier"] - (0.3**2 + 0.2**2) / 2) < 1e-9
    assert [item["ended"] for item in told["items"]] == [2]


def test_the_record_of_a_foreign_asset_is_not_there():
    service = make_world()
    asset = service.ledger.crossings_held[0].series.asset
    web = Viewer("web", teams=frozenset({"web"}))
    with serve(service) as base, client_of(base, service.token(Role.VIEWER, web)) as client:
        assert client.get("/api/v1/records", params={"asset": asset}).status_code == 404
        assert client.get("/api/v1/records", params={"asset": "none"}).status_code == 404
        assert client.get("/api/v1/records").status_code == 422
