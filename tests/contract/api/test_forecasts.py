"""One series' forecast, and what its bands have held."""

from aiops.domain.access import Role
from aiops.domain.asset import Viewer
from tests.contract.api.world import client_of, make_world, serve


def test_a_forecast_says_what_its_bands_have_held():
    service = make_world()
    viewer = Viewer("dba", teams=frozenset({"dba"}))
    with serve(service) as base, client_of(base, service.token(Role.OPERATOR, viewer)) as client:
        answer = client.get("/api/v1/forecasts?series=0")
    assert answer.status_code == 200
    (row,) = answer.json()["items"]
    assert row["coverage"][0] == {"promised": 0.9, "held": 0.875, "cells": 240}
