"""Runbooks, their runs, what people say to them, and the kill switch."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.body import read_json
from aiops.api.encode import answer
from aiops.api.gate import Gate, caller_of
from aiops.api.paging import Cursors, Paging
from aiops.api.service import ReadService
from aiops.api.v1.incidents import visible_incident
from aiops.automate.switch import Switch
from aiops.domain.asset import Viewer
from aiops.domain.run import Run, RunState

_NO_RUN = "there is no such run, or it is not yours to see"
_RUNS = "/api/v1/runs"


class RunQuery(Paging):
    """Which runs."""

    incident: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    state: RunState | None = None


class AskBody(BaseModel):
    """Which runbook, for which incident."""

    model_config = ConfigDict(extra="forbid")
    incident: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    runbook: Annotated[str, Field(min_length=1, max_length=128)]


class ApproveBody(BaseModel):
    """A yes to exactly the plan with this digest."""

    model_config = ConfigDict(extra="forbid")
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class NoteBody(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    note: Annotated[str, Field(max_length=1000)] = ""


def add_automation(gate: Gate, service: ReadService, cursors: Cursors) -> None:
    """Adds the routes."""
    ledger = service.ledger

    def runbooks(request: Request) -> Response:
        caller_of(request)
        return answer(service.runbooks())

    def runs(request: Request, query: Annotated[RunQuery, Query()]) -> Response:
        found = ledger.runs(
            caller_of(request).viewer,
            incident=query.incident or None,
            states=[query.state] if query.state else (),
            limit=cursors.read(query.cursor) + query.limit + 1,
        )
        return answer(cursors.cut(found, query))

    def one(request: Request, key: str) -> Response:
        return answer(visible_run(service, caller_of(request).viewer, key))

    read, act, yes = Permission.READ, Permission.ACT, Permission.APPROVE
    gate.add("GET", "/api/v1/runbooks", read, runbooks, summary="Runbooks and the kill switch")
    gate.add("GET", _RUNS, read, runs, summary="Runs of runbooks, newest first")
    gate.add("GET", _RUNS + "/{key}", read, one, summary="One, with its plan and results")
    orders: tuple[tuple[str, Permission, _Order[Any], type[BaseModel], str], ...] = (
        (_RUNS, act, _ask, AskBody, "Ask for a run"),
        (_RUNS + "/{key}/approve", yes, _approve, ApproveBody, "Approve exactly this plan"),
        (_RUNS + "/{key}/reject", act, _reject, NoteBody, "End a run that has not begun"),
        (_RUNS + "/{key}/rehearse", act, _rehearse, NoteBody, "Do a dry run now"),
        ("/api/v1/automation/halt", act, _halt, NoteBody, "Pull the kill switch"),
        ("/api/v1/automation/resume", yes, _resume, NoteBody, "Release the kill switch"),
    )
    for path, permission, order, body, summary in orders:
        schema = {"application/json": {"schema": body.model_json_schema()}}
        extra = {"requestBody": {"required": True, "content": schema}}
        endpoint = _endpoint(service, order, body)
        gate.add("POST", path, permission, endpoint, summary=summary, openapi_extra=extra)


_BodyT = TypeVar("_BodyT", bound=BaseModel)
_Order = Callable[[ReadService, Viewer, str, _BodyT], object]


def _endpoint(
    service: ReadService, order: _Order[_BodyT], body: type[_BodyT]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        said = await read_json(request, body)
        viewer = caller_of(request).viewer
        key = str(request.path_params.get("key", ""))
        return answer(await run_in_threadpool(order, service, viewer, key, said))

    return endpoint


def _ask(service: ReadService, viewer: Viewer, _key: str, body: AskBody) -> Run:
    incident = visible_incident(service, viewer, body.incident)
    try:
        return service.automation.ask(incident, body.runbook, _who(viewer))
    except KeyError as error:
        raise HTTPException(404, "there is no such runbook") from error


def _approve(service: ReadService, viewer: Viewer, key: str, body: ApproveBody) -> Run:
    run = visible_run(service, viewer, key)
    return service.automation.approve(run, body.digest, _who(viewer))


def _reject(service: ReadService, viewer: Viewer, key: str, body: NoteBody) -> Run:
    run = visible_run(service, viewer, key)
    return service.automation.reject(run, _who(viewer), body.note)


def _rehearse(service: ReadService, viewer: Viewer, key: str, _body: NoteBody) -> Run:
    return service.automation.rehearse(visible_run(service, viewer, key), _who(viewer))


def _halt(service: ReadService, viewer: Viewer, _key: str, body: NoteBody) -> Switch:
    return service.automation.halt(_who(viewer), body.note)


def _resume(service: ReadService, viewer: Viewer, _key: str, body: NoteBody) -> Switch:
    return service.automation.resume(_who(viewer), body.note)


def visible_run(service: ReadService, viewer: Viewer, key: str) -> Run:
    """Returns a run the viewer may see.

    Raises:
        HTTPException: 404; the same answer whether it is hidden or does not exist.
    """
    is_key = len(key) <= 64 and key.isalnum()
    found = service.ledger.run(viewer, key) if is_key else None
    if found is None:
        raise HTTPException(404, _NO_RUN)
    return found


def _who(viewer: Viewer) -> str:
    return viewer.name or "api"
