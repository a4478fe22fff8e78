"""What really happened to an asset: failures and repairs, told by people and other systems."""

from datetime import UTC, timedelta
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.body import read_json
from aiops.api.encode import answer
from aiops.api.gate import Gate, caller_of
from aiops.api.service import ReadService
from aiops.domain.event import Failure, Maintenance

_AHEAD: Final = timedelta(minutes=5)
"""Clocks differ; what lies farther ahead has not happened."""


_LONGEST: Final = timedelta(days=30)


class EventKind(StrEnum):
    """What can be reported."""

    FAILURE = "failure"
    REPAIR = "repair"
    MAINTENANCE = "maintenance"


class EventBody(BaseModel):
    """What happened."""

    model_config = ConfigDict(extra="forbid")
    asset: Annotated[str, Field(min_length=1, max_length=1000)]
    event: EventKind
    at: AwareDatetime | None = None
    end: AwareDatetime | None = None
    kind: Annotated[str, Field(max_length=200)] = ""
    cost: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


def add_events(gate: Gate, service: ReadService) -> None:
    """Adds the route of reports."""

    async def report(request: Request) -> Response:
        body = await read_json(request, EventBody)
        viewer, now = caller_of(request).viewer, service.now()
        at = (body.at or now).astimezone(UTC)
        end = (body.end or at).astimezone(UTC)
        planned = body.event is EventKind.MAINTENANCE
        if planned and (end <= at or end - at > _LONGEST):
            raise HTTPException(422, "end: a window has one, within 30 days of its start")
        if not planned and max(at, end) > now + _AHEAD:
            raise HTTPException(422, "at: this has not happened yet")
        if end < at:
            raise HTTPException(422, "end: lies before at")
        if await run_in_threadpool(service.ledger.asset, viewer, body.asset) is None:
            raise HTTPException(404, "there is no such asset, or it is not yours to see")
        event: Failure | Maintenance
        if body.event is EventKind.FAILURE:
            event = Failure(body.asset, at, body.kind or "failure", body.cost)
        elif planned:
            event = Maintenance(body.asset, at, end)
        else:
            event = Maintenance(body.asset, at, end, "repair")
        await run_in_threadpool(service.report, event, viewer.name or "api")
        return answer(event, 202)

    gate.add(
        "POST",
        "/api/v1/events",
        Permission.ACT,
        report,
        summary="Report a failure or a repair of an asset, or a window of maintenance",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": EventBody.model_json_schema()}},
            }
        },
    )
