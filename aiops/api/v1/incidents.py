"""Incidents, their tickets, and what people do to them."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.body import read_json
from aiops.api.encode import answer, decision_row
from aiops.api.gate import Gate, caller_of
from aiops.api.language import language_of
from aiops.api.paging import Cursors, Paging
from aiops.api.service import ActionOrder, ReadService
from aiops.domain.asset import Viewer
from aiops.domain.incident import Incident
from aiops.incident.act import PersonAction

_NO_INCIDENT = "there is no such incident, or it is not yours to see"


class IncidentQuery(Paging):
    """Which incidents."""

    asset: Annotated[str, Field(max_length=1000)] = ""
    open: bool = False


class TicketQuery(Paging):
    """Whose tickets."""

    incident: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class ActionBody(BaseModel):
    """What a person orders."""

    model_config = ConfigDict(extra="forbid")
    action: PersonAction
    note: Annotated[str, Field(max_length=4000)] = ""
    until: AwareDatetime | None = None
    assignee: Annotated[str, Field(max_length=200)] = ""
    into: Annotated[str, Field(pattern=r"^([0-9a-f]{64}|(INC-)?[0-9]{1,9})?$")] = ""
    series: Annotated[frozenset[str], Field(max_length=1000)] = frozenset()


class SurveyBody(BaseModel):
    """How well it was handled: 1 (badly) to 5 (very well)."""

    model_config = ConfigDict(extra="forbid")
    score: Annotated[int, Field(ge=1, le=5)]
    note: Annotated[str, Field(max_length=1000)] = ""


def add_incidents(gate: Gate, service: ReadService, cursors: Cursors) -> None:
    """Adds the routes of incidents."""
    ledger = service.ledger

    def incidents(request: Request, query: Annotated[IncidentQuery, Query()]) -> Response:
        found = ledger.incidents(
            caller_of(request).viewer,
            open_only=query.open,
            asset=query.asset or None,
            limit=cursors.read(query.cursor) + query.limit + 1,
        )
        return answer(cursors.cut(found, query))

    def incident(request: Request, key: str) -> Response:
        viewer = caller_of(request).viewer
        found = visible_incident(service, viewer, key)
        decisions = ledger.decisions(viewer, subject=found.key, limit=200)
        language = language_of(request, service.serving.language)
        return answer(
            {
                "incident": found,
                "tickets": ledger.tickets(found.key),
                "decisions": [decision_row(each, language) for each in decisions],
            }
        )

    def tickets(request: Request, query: Annotated[TicketQuery, Query()]) -> Response:
        viewer = caller_of(request).viewer
        if query.incident:
            chosen = [visible_incident(service, viewer, query.incident)]
        else:
            chosen = ledger.incidents(viewer, limit=1000)
        found = [ticket for item in chosen for ticket in ledger.tickets(item.key)]
        return answer(cursors.cut(found, query))

    async def act(request: Request, key: str) -> Response:
        body = await read_json(request, ActionBody)
        viewer = caller_of(request).viewer
        await run_in_threadpool(visible_incident, service, viewer, key)
        into = body.into
        if into and len(into) < 64:
            number = int(into.removeprefix("INC-"))
            found = await run_in_threadpool(ledger.incident_numbered, viewer, number)
            into = found.key if found else "0" * 64
        order = ActionOrder(
            key,
            body.action,
            viewer,
            body.note,
            service.now(),
            body.until,
            body.assignee,
            into,
            body.series,
        )
        try:
            return answer(await run_in_threadpool(service.act, order))
        except KeyError as error:
            raise HTTPException(404, _NO_INCIDENT) from error

    async def survey(request: Request, key: str) -> Response:
        body = await read_json(request, SurveyBody)
        viewer = caller_of(request).viewer

        def carry_out() -> object:
            incident = visible_incident(service, viewer, key)
            return service.answer(incident, body.score, viewer.name or "api", body.note)

        return answer(await run_in_threadpool(carry_out))

    body_schema = {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ActionBody.model_json_schema()}},
        }
    }
    read = Permission.READ
    survey_schema = {"application/json": {"schema": SurveyBody.model_json_schema()}}
    gate.add(
        "POST",
        "/api/v1/incidents/{key}/survey",
        Permission.ACT,
        survey,
        summary="Say how well a closed incident was handled",
        openapi_extra={"requestBody": {"required": True, "content": survey_schema}},
    )
    gate.add("GET", "/api/v1/incidents", read, incidents, summary="Incidents, newest first")
    gate.add("GET", "/api/v1/incidents/{key}", read, incident, summary="One, with its trace")
    gate.add("GET", "/api/v1/tickets", read, tickets, summary="Tickets in foreign systems")
    gate.add(
        "POST",
        "/api/v1/incidents/{key}/actions",
        Permission.ACT,
        act,
        summary="Acknowledge, assign, comment, plan, merge, split, close, reopen or judge",
        openapi_extra=body_schema,
    )


def visible_incident(service: ReadService, viewer: Viewer, key: str) -> Incident:
    """Returns an incident the viewer may see.

    Raises:
        HTTPException: 404; the same answer whether it is hidden or does not exist.
    """
    is_key = len(key) == 64 and all(c in "0123456789abcdef" for c in key)
    found = service.ledger.incident(viewer, key) if is_key else None
    if found is None:
        raise HTTPException(404, _NO_INCIDENT)
    return found
