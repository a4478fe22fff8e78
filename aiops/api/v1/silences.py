"""Who wants to be left alone, until when and why."""

import secrets
from datetime import UTC
from typing import Annotated

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
from aiops.domain.silence import Silence

_NONE = "there is no such silence, or it is not yours to see"


class SilenceBody(BaseModel):
    """What a person asks for."""

    model_config = ConfigDict(extra="forbid")
    match: Annotated[str, Field(min_length=1, max_length=1000)]
    until: AwareDatetime
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


def add_silences(gate: Gate, service: ReadService) -> None:
    """Adds the routes of silences."""

    def silences(request: Request) -> Response:
        viewer = caller_of(request).viewer
        return answer({"items": [s for s in service.silences() if _concerns(service, viewer, s)]})

    async def begin(request: Request) -> Response:
        body = await read_json(request, SilenceBody)
        viewer, now = caller_of(request).viewer, service.now()
        until = body.until.astimezone(UTC)
        if until <= now:
            raise HTTPException(422, "until: this time is already past")
        silence = Silence(
            secrets.token_hex(8), body.match, until, body.reason, viewer.name or "api", now
        )
        await run_in_threadpool(_begin, service, viewer, silence)
        return answer(silence, 201)

    def end(request: Request, key: str) -> Response:
        viewer = caller_of(request).viewer
        found = next((s for s in service.silences() if s.id == key), None)
        if found is None or not _concerns(service, viewer, found):
            raise HTTPException(404, _NONE)
        try:
            service.end_silence(key, viewer.name or "api")
        except KeyError as error:
            raise HTTPException(404, _NONE) from error
        return answer({"id": key, "ended_at": service.now()})

    path = "/api/v1/silences"
    gate.add("GET", path, Permission.READ, silences, summary="Silences that are not over")
    schema = {"content": {"application/json": {"schema": SilenceBody.model_json_schema()}}}
    gate.add(
        "POST",
        path,
        Permission.ACT,
        begin,
        summary="Withhold messages about assets until a time",
        openapi_extra={"requestBody": {"required": True, **schema}},
    )
    gate.add("DELETE", path + "/{key}", Permission.ACT, end, summary="End a silence early")


def _begin(service: ReadService, viewer: Viewer, silence: Silence) -> None:
    if not _concerns(service, viewer, silence):
        raise HTTPException(403, "name one asset of yours; a pattern is for who sees everything")
    service.silence(silence)


def _concerns(service: ReadService, viewer: Viewer, silence: Silence) -> bool:
    """Whether a silence is the viewer's: of one asset they see, or anything for who sees all."""
    return viewer.everything or service.ledger.asset(viewer, silence.match) is not None
