"""Changes: recorded, listed, and what a planned one risks."""

import secrets
from datetime import UTC, timedelta
from typing import Annotated

from fastapi import Query, Request
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
from aiops.domain.change import Change

_USUAL = timedelta(days=30)
_LONGEST = timedelta(days=31)
_NONE = "there is no such asset or service, or it is not yours to see"


class ChangeBody(BaseModel):
    """What is to be changed, and when."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    asset: Annotated[str, Field(max_length=1000)] = ""
    service: Annotated[str, Field(max_length=1000)] = ""
    start: Annotated[AwareDatetime, Field(alias="from")]
    end: Annotated[AwareDatetime, Field(alias="to")]
    kind: Annotated[str, Field(min_length=1, max_length=64)] = "change"
    text: Annotated[str, Field(max_length=4000)] = ""


class ChangeQuery(BaseModel):
    """Which time; 30 days back and ahead when nothing is said."""

    model_config = ConfigDict(extra="forbid")
    start: Annotated[AwareDatetime | None, Field(alias="from")] = None
    end: Annotated[AwareDatetime | None, Field(alias="to")] = None


def add_changes(gate: Gate, service: ReadService) -> None:
    """Adds the routes."""

    def changes(request: Request, query: Annotated[ChangeQuery, Query()]) -> Response:
        now = service.now()
        start = (query.start or now - _USUAL).astimezone(UTC)
        end = (query.end or now + _USUAL).astimezone(UTC)
        if start >= end:
            raise HTTPException(422, "from: must lie before to")
        return answer({"items": service.ledger.changes(caller_of(request).viewer, start, end)})

    async def assess(request: Request) -> Response:
        body = await read_json(request, ChangeBody)
        viewer = caller_of(request).viewer

        def carry_out() -> object:
            return service.assess(viewer, _change(service, viewer, body, ""))

        return answer(await run_in_threadpool(carry_out))

    async def record(request: Request) -> Response:
        body = await read_json(request, ChangeBody)
        viewer = caller_of(request).viewer

        def carry_out() -> Change:
            change = _change(service, viewer, body, secrets.token_hex(8))
            with service.ledger.begin() as tx:
                tx.put_change(change)
                after = {"from": change.start, "to": change.end, "kind": change.kind}
                subject = change.asset or f"service {change.service}"
                tx.audit(service.now(), change.by, "record change", subject, {}, after)
            return change

        return answer(await run_in_threadpool(carry_out), 201)

    path = "/api/v1/changes"
    schema = {"content": {"application/json": {"schema": ChangeBody.model_json_schema()}}}
    body = {"requestBody": {"required": True, **schema}}
    gate.add("GET", path, Permission.READ, changes, summary="Changes, past and planned")
    gate.add(
        "POST",
        path + "/assess",
        Permission.ACT,
        assess,
        summary="What a planned change risks, and the safest windows; changes nothing",
        openapi_extra=body,
    )
    gate.add(
        "POST",
        path,
        Permission.ACT,
        record,
        summary="Record a change, as evidence for causes",
        openapi_extra=body,
    )


def _change(service: ReadService, viewer: Viewer, body: ChangeBody, identity: str) -> Change:
    start, end = body.start.astimezone(UTC), body.end.astimezone(UTC)
    if end < start or end - start > _LONGEST:
        raise HTTPException(422, "to: must not lie before from, nor more than 31 days after it")
    if bool(body.asset) == bool(body.service):
        raise HTTPException(422, "name either an asset or a service")
    assets = service.ledger.assets(viewer) if body.service else []
    known = any(asset.service == body.service for asset in assets)
    if not known and (not body.asset or service.ledger.asset(viewer, body.asset) is None):
        raise HTTPException(404, _NONE)
    return Change(
        identity,
        start,
        end,
        body.kind,
        body.text,
        body.asset,
        body.service,
        viewer.name or "api",
        service.now(),
    )
