"""How earlier forecasts of an asset's limits ended."""

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.encode import answer
from aiops.api.gate import Gate, caller_of
from aiops.api.paging import Paging
from aiops.api.service import ReadService
from aiops.api.v1.world import visible_asset
from aiops.domain.record import Record

_MOST_DAYS: Final = 90


class RecordQuery(Paging):
    """Of which asset, and how far back."""

    asset: Annotated[str, Field(max_length=1000)]
    days: Annotated[int, Field(ge=1, le=_MOST_DAYS)] = 30


def add_record(gate: Gate, service: ReadService) -> None:
    """Adds the route of what earlier forecasts said and what came."""

    def record(request: Request, query: Annotated[RecordQuery, Query()]) -> Response:
        viewer = caller_of(request).viewer
        asset = visible_asset(service, viewer, query.asset).key
        total, rows = Record(), []
        for key, own in service.records(
            viewer, asset, service.now() - timedelta(days=query.days)
        ).items():
            total += own
            rows.append({"series": key, **_row(own)})
        return answer({"asset": asset, "days": query.days, **_row(total), "items": rows})

    gate.add(
        "GET", "/api/v1/records", Permission.READ, record,
        summary="What earlier forecasts of an asset said, and what came",
    )  # fmt: skip


def _row(record: Record) -> dict[str, Any]:
    return {
        "ended": record.ended,
        "expected_to_meet": record.expected,
        "met": record.met,
        "brier": record.brier,
        "met_inside_range": record.inside,
    }
