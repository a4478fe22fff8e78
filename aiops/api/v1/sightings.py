"""Which sources see an asset, and by what they were found to mean the same thing."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.encode import answer
from aiops.api.gate import Gate, caller_of
from aiops.api.paging import Cursors
from aiops.api.service import ReadService
from aiops.api.v1.world import OfAsset, visible_asset


def add_sightings(gate: Gate, service: ReadService, cursors: Cursors) -> None:
    """Adds the route."""
    ledger = service.ledger

    def sightings(request: Request, query: Annotated[OfAsset, Query()]) -> Response:
        viewer = caller_of(request).viewer
        if query.asset:
            key = visible_asset(service, viewer, query.asset).key
            return answer(cursors.cut(ledger.sightings(key), query))
        keys = {item.key for item in ledger.assets(viewer)}
        found = [each for each in ledger.sightings() if each.asset in keys]
        return answer(cursors.cut(found, query))

    gate.add(
        "GET",
        "/api/v1/sightings",
        Permission.READ,
        sightings,
        summary="Which sources see an asset, and why",
    )
