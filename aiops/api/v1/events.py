"""What people and other systems tell: failures, repairs, windows of maintenance, days off."""

from datetime import UTC, date, timedelta
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
from aiops.domain.asset import Viewer
from aiops.domain.event import Failure, Holiday, Maintenance

_AHEAD: Final = timedelta(minutes=5)
"""Clocks differ; what lies farther ahead has not happened."""


_LONGEST: Final = timedelta(days=30)
_LONGEST_OFF: Final = timedelta(days=60)


class EventKind(StrEnum):
    """What can be reported."""

    FAILURE = "failure"
    REPAIR = "repair"
    MAINTENANCE = "maintenance"
    HOLIDAY = "holiday"
    WORKING = "working"


class EventBody(BaseModel):
    """What happened to an asset; or days on which nobody works, or everybody, at a site."""

    model_config = ConfigDict(extra="forbid")
    asset: Annotated[str, Field(max_length=1000)] = ""
    event: EventKind
    at: AwareDatetime | None = None
    end: AwareDatetime | None = None
    site: Annotated[str, Field(max_length=200)] = ""
    first: date | None = None
    last: date | None = None
    kind: Annotated[str, Field(max_length=200)] = ""
    cost: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


def add_events(gate: Gate, service: ReadService) -> None:
    """Adds the route of reports."""

    async def report(request: Request) -> Response:
        body = await read_json(request, EventBody)
        viewer, now = caller_of(request).viewer, service.now()
        if body.event in {EventKind.HOLIDAY, EventKind.WORKING}:
            holiday = _holiday(body, viewer)
            await run_in_threadpool(service.report, holiday, viewer.name or "api")
            return answer(holiday, 202)
        _check_asset(body)
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
        summary="Report a failure, a repair, a window of maintenance, or days off at a site",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": EventBody.model_json_schema()}},
            }
        },
    )


def _check_asset(body: EventBody) -> None:
    if body.site or body.first or body.last:
        raise HTTPException(422, "site, first, last: belong to a holiday; name the asset")
    if not body.asset:
        raise HTTPException(422, "asset: name the asset")


def _holiday(body: EventBody, viewer: Viewer) -> Holiday:
    if body.asset or body.at or body.end or body.cost is not None:
        raise HTTPException(422, "a holiday is of a site: site, first, last and kind describe it")
    if body.first is None:
        raise HTTPException(422, "first: the first day is missing, as 2026-10-01")
    last = body.last or body.first
    if not timedelta(0) <= last - body.first <= _LONGEST_OFF:
        raise HTTPException(422, "last: must not lie before first, nor more than 60 days after it")
    site = body.site or "*"
    if not viewer.everything and site not in viewer.sites:
        raise HTTPException(403, "site: name one of your own sites")
    return Holiday(site, body.first, last, body.kind, body.event is EventKind.WORKING)
